//! Texts that a pattern takes: the shortest ones, for requests that show what is wanted.

/// Most letters of a text.
const LONGEST: usize = 4_000;

/// A text that a pattern of JavaScript takes, where what may be repeated is repeated so many times more than it must
/// be. What cannot be followed (references to groups, what must not stand there) is left out, so the text is only likely
/// to fit.
pub fn text(pattern: &str, more: usize) -> String {
    let letters: Vec<char> = pattern.chars().collect();
    let mut reader = Reader { letters: &letters, at: 0, more, made: 0 };
    reader.alternatives()
}

struct Reader<'p> {
    letters: &'p [char],
    at: usize,
    more: usize,
    /// Letters that were made so far, so that repetitions in repetitions end.
    made: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek();
        self.at += usize::from(letter.is_some());
        letter
    }

    /// The first of several alternatives that makes something.
    fn alternatives(&mut self) -> String {
        let mut first = self.sequence();
        while self.peek() == Some('|') {
            self.at += 1;
            let next = self.sequence();
            if first.is_empty() {
                first = next;
            }
        }
        first
    }

    fn sequence(&mut self) -> String {
        let mut whole = String::new();
        while let Some(letter) = self.peek().filter(|letter| !matches!(letter, '|' | ')')) {
            self.at += 1;
            let piece = match letter {
                '^' | '$' => continue,
                '(' => self.group(),
                '[' => self.class().to_string(),
                '.' => "a".to_owned(),
                '\\' => match self.escaped() {
                    Some(letter) => letter.to_string(),
                    None => continue,
                },
                other => other.to_string(),
            };
            let times = self.times();
            if self.made + piece.len() * times <= LONGEST {
                self.made += piece.len() * times;
                whole.push_str(&piece.repeat(times));
            }
        }
        whole
    }

    fn group(&mut self) -> String {
        let mut counts = true;
        if self.peek() == Some('?') {
            self.at += 1;
            match self.next() {
                Some('=' | '!') => counts = false,
                Some('<') if matches!(self.peek(), Some('=' | '!')) => counts = false,
                Some('<' | 'P') => while !matches!(self.next(), None | Some('>')) {},
                // Flags, up to the colon.
                Some(letter) if letter != ':' => while !matches!(self.next(), None | Some(':')) {},
                _ => {}
            }
        }
        let inner = self.alternatives();
        self.at += usize::from(self.peek() == Some(')'));
        if counts { inner } else { String::new() }
    }

    /// How many times the piece before stands there.
    fn times(&mut self) -> usize {
        let (least, most) = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                let end = self.letters[self.at..].iter().position(|letter| *letter == '}');
                let inner: Option<String> = end.map(|end| self.letters[self.at + 1..self.at + end].iter().collect());
                let bounds = inner.as_deref().and_then(|inner| {
                    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
                    let least: usize = least.trim().parse().ok()?;
                    let most = if most.trim().is_empty() { usize::MAX } else { most.trim().parse().ok()? };
                    Some((least, most))
                });
                let (Some(bounds), Some(end)) = (bounds, end) else { return 1 };
                self.at += end;
                bounds
            }
            _ => return 1,
        };
        self.at += 1;
        // Lazy or possessive, which changes nothing.
        self.at += usize::from(matches!(self.peek(), Some('?' | '+')));
        least.saturating_add(self.more).min(most).min(LONGEST)
    }

    /// The letter of an escape; none for what stands between letters.
    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            'd' => '1',
            'w' => 'a',
            's' => ' ',
            'D' | 'S' => 'a',
            'W' => '-',
            'b' | 'B' | 'A' | 'z' | 'Z' | '1'..='9' => return None,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'x' => self.coded(2),
            'u' if self.peek() == Some('{') => {
                self.at += 1;
                let letter = self.coded(6);
                self.at += usize::from(self.peek() == Some('}'));
                letter
            }
            'u' => self.coded(4),
            'p' | 'P' => {
                if self.peek() == Some('{') {
                    while !matches!(self.next(), None | Some('}')) {}
                }
                'a'
            }
            other => other,
        })
    }

    fn coded(&mut self, most: usize) -> char {
        let digits: String =
            self.letters[self.at..].iter().take(most).take_while(|letter| letter.is_ascii_hexdigit()).collect();
        self.at += digits.len();
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('a')
    }

    /// A letter of a class: a plain one if there is one.
    fn class(&mut self) -> char {
        let not = self.peek() == Some('^');
        self.at += usize::from(not);
        let mut ranges: Vec<(char, char)> = Vec::new();
        while let Some(letter) = self.next().filter(|letter| *letter != ']') {
            let from = match letter {
                '\\' => match self.peek() {
                    Some('w' | 'S' | 'D') if !not => {
                        ranges.extend([('a', 'z')]);
                        self.at += 1;
                        continue;
                    }
                    Some('w') => {
                        ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]);
                        self.at += 1;
                        continue;
                    }
                    Some('d') => {
                        ranges.push(('0', '9'));
                        self.at += 1;
                        continue;
                    }
                    Some('s') => {
                        ranges.push((' ', ' '));
                        self.at += 1;
                        continue;
                    }
                    _ => self.escaped().unwrap_or('a'),
                },
                other => other,
            };
            let ends = |letter: Option<&char>| letter.is_some_and(|letter| *letter != ']');
            if self.peek() == Some('-') && ends(self.letters.get(self.at + 1)) {
                self.at += 1;
                let to = match self.next() {
                    Some('\\') => self.escaped().unwrap_or(from),
                    Some(letter) => letter,
                    None => from,
                };
                ranges.push((from, to));
            } else {
                ranges.push((from, from));
            }
        }
        let has = |letter: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter)) != not;
        let plain = ('a'..='z').chain('1'..='9').chain('A'..='Z').chain("0-_. ".chars()).find(|letter| has(*letter));
        plain.or_else(|| ranges.first().map(|(from, _)| *from)).unwrap_or('a')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_their_pattern() {
        for pattern in [
            "^[a-z][a-z0-9-]{2,}$",
            "^(?:cus|sub)_[A-Za-z0-9]+$",
            "^\\d{4}-\\d{2}$",
            "^#?([a-f0-9]{6}|[a-f0-9]{3})$",
            "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$",
            "^\\+[1-9]\\d{1,14}$",
            "^(/[\\w.-]+)+$",
            "[\\p{L}]+",
            "^.{3,5}$",
            "^\\x41\\u0042\\/$",
            "^[\\-a-z]*$",
            "^(\\*|[0-9]+)(,[0-9]+)*$",
        ] {
            for more in [0, 1, 4] {
                let text = text(pattern, more);
                assert!(regex::Regex::new(pattern).unwrap().is_match(&text), "{pattern}: {text}");
            }
        }
    }

    #[test]
    fn repetitions_in_repetitions_end() {
        assert!(text("((((a{900}){900}){900}){900})", 0).len() <= LONGEST);
        assert_eq!(text("(unclosed[", 1), "uncloseda");
    }
}
