//! Words of a shell's command line.

/// A text as one word for a POSIX shell, whatever is in it.
pub(crate) fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for text in ["", "a b", "'", "''x'", "$(id)", "`id`", "a;b", "a\nb", "\\", "\"", "!x", "*", "~", "-x", "ä€"]
        {
            let said = Command::new("/bin/sh").args(["-c", &format!("printf %s {}", word(text))]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), text);
        }
    }
}
