//! Passwords: hashed with argon2id, compared in constant time, and never faster for an account that is not there.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use model::{Code, Problem};
use tokio::sync::Semaphore;

/// The second of the settings that OWASP recommends (19 MiB, two passes, one lane): it costs an attacker as much as
/// the larger ones and lets a machine with little memory sign several people in at once. When these rise, old hashes
/// are made anew at the next sign-in.
const COST: Cost = Cost { memory: 19 * 1024, passes: 2, lanes: 1 };
const SALT: usize = 16;
const HASH: usize = 32;
/// Hashes that are computed at once: more would take memory and processor from the runs.
const AT_ONCE: usize = 2;
/// NIST asks for at least 8; what guards other people's systems is a little longer.
const SHORTEST: usize = 12;
/// Longer ones are no safer and only cost time.
const LONGEST: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// A hash with all that it takes to compute it again.
#[derive(Clone, Debug, PartialEq)]
struct Hashed {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// What became of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is another one.
    No,
    /// It is the password.
    Yes,
    /// It is the password, and its hash should be made anew.
    Outdated,
}

/// Hashes and compares, a few at once.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The hash of a new password, as text (PHC form).
    pub async fn hash(&self, password: &str) -> Result<String, Problem> {
        let salt: [u8; SALT] = crate::seal::random();
        let hashed = self.compute(password, COST, salt.to_vec(), HASH).await?;
        Ok(hashed.to_text())
    }

    /// Compares a password with a stored hash. Without one it takes as long, and never fits.
    pub async fn compare(&self, password: &str, stored: Option<&str>) -> Result<Match, Problem> {
        let known = stored.and_then(Hashed::parse);
        let against = known.clone().unwrap_or_else(|| Hashed { cost: COST, salt: vec![0; SALT], hash: vec![0; HASH] });
        // What is longer than any password here is cut, so that it costs no more than others do.
        let mut end = password.len().min(LONGEST);
        while !password.is_char_boundary(end) {
            end -= 1;
        }
        let computed = self.compute(&password[..end], against.cost, against.salt, against.hash.len()).await?;
        let same = constant_time::verify_slices_are_equal(&computed.hash, &against.hash).is_ok();
        Ok(match (known, same && end == password.len()) {
            (Some(known), true) if known.cost == COST => Match::Yes,
            (Some(_), true) => Match::Outdated,
            _ => Match::No,
        })
    }

    async fn compute(&self, password: &str, cost: Cost, salt: Vec<u8>, length: usize) -> Result<Hashed, Problem> {
        let failed = || Problem::new(Code::Internal, "the password could not be hashed");
        let _turn = self.turns.acquire().await.map_err(|_| failed())?;
        let password = password.as_bytes().to_vec();
        let work = move || {
            let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(length)).ok()?;
            let mut hash = vec![0; length];
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon.hash_password_into(&password, &salt, &mut hash).ok()?;
            Some(Hashed { cost, salt, hash })
        };
        tokio::task::spawn_blocking(work).await.ok().flatten().ok_or_else(failed)
    }
}

impl Hashed {
    fn to_text(&self) -> String {
        let Cost { memory, passes, lanes } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&self.hash));
        format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
    }

    fn parse(text: &str) -> Option<Hashed> {
        let rest = text.strip_prefix("$argon2id$v=19$")?;
        let [cost, salt, hash] = rest.split('$').collect::<Vec<_>>().try_into().ok()?;
        let mut numbers = cost.split(',');
        let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.parse::<u32>().ok();
        Some(Hashed {
            cost: Cost { memory: number("m=")?, passes: number("t=")?, lanes: number("p=")? },
            salt: STANDARD_NO_PAD.decode(salt).ok()?,
            hash: STANDARD_NO_PAD.decode(hash).ok().filter(|hash| hash.len() >= HASH)?,
        })
    }
}

/// Refuses passwords that are guessed first. `about` is what an attacker knows of the person.
pub fn check(password: &str, about: &[&str]) -> Result<(), Problem> {
    let weak = |why: String| {
        Err(Problem::new(Code::WeakPassword, why).at("/password").hint("a few words that nobody puts together do well"))
    };
    let length = password.chars().count();
    if length < SHORTEST {
        return weak(format!("a password has at least {SHORTEST} characters, this one has {length}"));
    }
    if password.len() > LONGEST {
        return weak(format!("a password has at most {LONGEST} bytes"));
    }
    let lower = password.to_lowercase();
    let mut letters: Vec<char> = lower.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 5 {
        return weak("the password repeats a few characters".into());
    }
    // Parts of the address and the name, and what stands first in every list of leaked passwords.
    let known = about.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    let known: Vec<String> = known.filter(|part| part.len() > 2).map(str::to_lowercase).collect();
    let common = ["password", "passwort", "123456", "qwerty", "letmein", "welcome", "fishplate", "admin", "changeme"];
    let mut rest = lower;
    for part in known.iter().map(String::as_str).chain(common) {
        rest = rest.replace(part, "");
    }
    rest.retain(|letter| letter.is_alphabetic() || !letter.is_ascii());
    if rest.chars().count() < 4 {
        return weak("the password is made of what is guessed first: names, digits and common words".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_hash_and_nothing_else_does() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse battery").await.unwrap(), "each has a salt of its own");
        let compare = async |password: &str, stored: Option<&str>| passwords.compare(password, stored).await.unwrap();
        assert_eq!(compare("correct horse battery", Some(&hash)).await, Match::Yes);
        assert_eq!(compare("correct horse batterY", Some(&hash)).await, Match::No);
        assert_eq!(compare("", Some(&hash)).await, Match::No);
        assert_eq!(compare("correct horse battery", None).await, Match::No);
        assert_eq!(compare("x", Some("no hash")).await, Match::No);
    }

    #[tokio::test]
    async fn a_hash_of_lower_cost_fits_and_is_said_to_be_outdated() {
        let passwords = Passwords::default();
        let cheap = Cost { memory: 8 * 1024, passes: 1, lanes: 1 };
        let old = passwords.compute("old password 1", cheap, vec![7; SALT], HASH).await.unwrap().to_text();
        assert_eq!(passwords.compare("old password 1", Some(&old)).await.unwrap(), Match::Outdated);
        assert_eq!(passwords.compare("old password 2", Some(&old)).await.unwrap(), Match::No);
    }

    #[tokio::test]
    async fn the_hash_is_that_of_the_reference_implementation() {
        // From the test vectors of phc-winner-argon2 (argon2id, v=0x13, m=65536, t=2, p=1).
        let cost = Cost { memory: 65536, passes: 2, lanes: 1 };
        let hashed = Passwords::default().compute("password", cost, b"somesalt".to_vec(), 32).await.unwrap();
        let expected = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7";
        assert_eq!(data_encoding::HEXLOWER.encode(&hashed.hash), expected);
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for weak in
            ["short", "aaaaaaaaaaaaaaaa", "123456123456", "password12345678", "ada.lovelace1815", "Fishplate2026!!!"]
        {
            let refusal = check(weak, &["ada.lovelace@example.com", "Ada Lovelace"]).unwrap_err();
            assert_eq!(refusal.code, Code::WeakPassword, "{weak}");
        }
        for good in ["correct horse battery", "Tr0ub4dor&3 and more", "пароль из нескольких слов"]
        {
            assert!(check(good, &["ada.lovelace@example.com"]).is_ok(), "{good}");
        }
        assert!(check(&"long ".repeat(100), &[]).is_err());
    }
}
