//! Tokens of the native subset, produced on demand, so that what follows an unsupported construct is never judged.

use super::parser::Stop;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    End,
    Number(f64),
    String(String),
    Name(Box<str>),
    /// An operator or bracket.
    Sign(&'static str),
    /// The backtick that opens a template literal.
    Backtick,
}

#[derive(Clone)]
pub(super) struct Lexer<'s> {
    text: &'s str,
    position: usize,
}

/// Longest first, so that the first match is the right one.
const SIGNS: &[&str] = &[
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=", "&&",
    "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**", "{", "}", "(", ")",
    "[", "]", ";", ",", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~", "?", ":", "=", ".",
];

impl<'s> Lexer<'s> {
    pub fn new(text: &'s str) -> Self {
        Lexer { text, position: 0 }
    }

    fn rest(&self) -> &'s str {
        &self.text[self.position..]
    }

    /// The next token.
    pub fn next(&mut self) -> Result<Token, Stop> {
        self.skip_blank()?;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        let digit_after_dot = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let token = match first {
            '0'..='9' => Token::Number(self.number()?),
            '.' if digit_after_dot => Token::Number(self.number()?),
            '"' | '\'' => Token::String(self.string(first)?),
            '`' => {
                self.position += 1;
                Token::Backtick
            }
            _ if is_name_start(first) => {
                let length = rest.find(|letter| !is_name_part(letter)).unwrap_or(rest.len());
                self.position += length;
                Token::Name(rest[..length].into())
            }
            _ => Token::Sign(self.sign()?),
        };
        Ok(token)
    }

    /// The string literal that the text begins with, if it begins with one.
    pub fn literal(&mut self) -> Option<String> {
        match self.next().ok()? {
            Token::String(text) => Some(text),
            Token::Backtick => self.template_part().ok().filter(|(_, more)| !more).map(|(text, _)| text),
            _ => None,
        }
    }

    fn sign(&mut self) -> Result<&'static str, Stop> {
        let rest = self.rest();
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or(Stop::Unsupported)?;
        // `a?.5:b` is a conditional, not an optional chain.
        let sign = match *sign {
            "?." if rest.as_bytes().get(2).is_some_and(u8::is_ascii_digit) => "?",
            sign => sign,
        };
        self.position += sign.len();
        Ok(sign)
    }

    fn skip_blank(&mut self) -> Result<(), Stop> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(super::value::is_js_space);
            self.position += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                let line = trimmed.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(trimmed.len());
                self.position += line;
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                let end = comment.find("*/").ok_or_else(|| self.syntax("a comment is not closed"))?;
                self.position += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn syntax(&self, message: &str) -> Stop {
        Stop::Syntax { message: message.to_owned(), offset: self.position }
    }

    fn number(&mut self) -> Result<f64, Stop> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let radix = match bytes.get(1) {
            Some(b'x' | b'X') if bytes[0] == b'0' => 16,
            Some(b'o' | b'O') if bytes[0] == b'0' => 8,
            Some(b'b' | b'B') if bytes[0] == b'0' => 2,
            Some(b'0'..=b'9') if bytes[0] == b'0' => return Err(Stop::Unsupported),
            _ => 10,
        };
        let length;
        let value;
        if radix == 10 {
            length = decimal_length(bytes);
            value = rest[..length].parse().map_err(|_| Stop::Unsupported)?;
        } else {
            length = 2 + bytes[2..].iter().take_while(|byte| (**byte as char).is_digit(radix)).count();
            value = u64::from_str_radix(&rest[2..length], radix).map_err(|_| Stop::Unsupported)? as f64;
        }
        self.position += length;
        // `1n`, `1_000`, `3px`: big integers, separators and mistakes.
        match self.rest().chars().next() {
            Some(letter) if is_name_part(letter) => Err(Stop::Unsupported),
            _ => Ok(value),
        }
    }

    fn string(&mut self, quote: char) -> Result<String, Stop> {
        let start = self.position;
        self.position += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find([quote, '\\', '\n', '\r']).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.position += plain;
            match self.rest().chars().next() {
                Some('\\') => self.escape(&mut text)?,
                Some(letter) if letter == quote => {
                    self.position += 1;
                    return Ok(text);
                }
                _ => return Err(Stop::Syntax { message: "a string is not closed".into(), offset: start }),
            }
        }
    }

    /// Reads one part of a template literal. Returns its text and whether a `${` follows (consumed).
    pub fn template_part(&mut self) -> Result<(String, bool), Stop> {
        let start = self.position;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(['`', '\\', '$', '\r']).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.position += plain;
            let rest = self.rest();
            match rest.chars().next() {
                None => return Err(Stop::Syntax { message: "a template literal is not closed".into(), offset: start }),
                Some('`') => {
                    self.position += 1;
                    return Ok((text, false));
                }
                Some('$') if rest.starts_with("${") => {
                    self.position += 2;
                    return Ok((text, true));
                }
                Some('$') => {
                    text.push('$');
                    self.position += 1;
                }
                Some('\r') => {
                    text.push('\n');
                    self.position += if rest.starts_with("\r\n") { 2 } else { 1 };
                }
                Some(_) => self.escape(&mut text)?,
            }
        }
    }

    /// Reads an escape sequence; the position is at the backslash.
    fn escape(&mut self, text: &mut String) -> Result<(), Stop> {
        let rest = &self.rest()[1..];
        let Some(letter) = rest.chars().next() else { return Err(self.syntax("an escape has no end")) };
        self.position += 1 + letter.len_utf8();
        let after = &rest[letter.len_utf8()..];
        match letter {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            '0' if !after.starts_with(|next: char| next.is_ascii_digit()) => text.push('\0'),
            '0'..='9' => return Err(Stop::Unsupported),
            'x' => {
                let code = hex(after, 2).ok_or(Stop::Unsupported)?;
                self.position += 2;
                text.push(char::from_u32(code).ok_or(Stop::Unsupported)?);
            }
            'u' => self.unicode(after, text)?,
            '\r' => self.position += usize::from(after.starts_with('\n')),
            '\n' | '\u{2028}' | '\u{2029}' => {}
            other => text.push(other),
        }
        Ok(())
    }

    fn unicode(&mut self, after: &str, text: &mut String) -> Result<(), Stop> {
        if let Some(braced) = after.strip_prefix('{') {
            let end = braced.find('}').filter(|end| (1..=6).contains(end)).ok_or(Stop::Unsupported)?;
            let code = hex(braced, end).ok_or(Stop::Unsupported)?;
            text.push(char::from_u32(code).ok_or(Stop::Unsupported)?);
            self.position += end + 2;
            return Ok(());
        }
        let code = hex(after, 4).ok_or(Stop::Unsupported)?;
        self.position += 4;
        if let Some(letter) = char::from_u32(code) {
            text.push(letter);
            return Ok(());
        }
        // Half of a pair; a lone half cannot be held in a Rust string.
        let low = after[4..].strip_prefix("\\u").and_then(|low| hex(low, 4)).ok_or(Stop::Unsupported)?;
        let pair = [code as u16, low as u16];
        let letter = char::decode_utf16(pair).next().and_then(Result::ok).ok_or(Stop::Unsupported)?;
        if letter as u32 <= 0xffff {
            return Err(Stop::Unsupported);
        }
        text.push(letter);
        self.position += 6;
        Ok(())
    }
}

/// Length of a decimal literal: digits, fraction, exponent.
pub(super) fn decimal_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let from = (length + 1 + sign).min(bytes.len());
        let exponent = digits(from);
        if exponent > 0 {
            length = from + exponent;
        }
    }
    length
}

fn hex(text: &str, length: usize) -> Option<u32> {
    let digits = text.get(..length)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

fn is_name_start(letter: char) -> bool {
    letter.is_alphabetic() || letter == '$' || letter == '_'
}

fn is_name_part(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '$' || letter == '_'
}
