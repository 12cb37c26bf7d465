//! People, addresses and numbers that do not exist, for `core.debug-helper`. Names are common ones; domains are those
//! that belong to nobody (RFC 2606).

use serde_json::{Value, json};

use super::debug_helper::Data;

/// A sequence of random numbers.
pub struct Chance(u64);

const FIRST: &[&str] = &[
    "Ada", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karin", "Leo", "Mona", "Noah",
    "Olga", "Paul", "Rosa", "Simon", "Tina", "Victor",
];
const LAST: &[&str] = &[
    "Adler", "Becker", "Carter", "Dietrich", "Evans", "Fischer", "Gruber", "Hansen", "Ivanov", "Jensen", "Keller",
    "Lang", "Moreau", "Novak", "Olsen", "Peters", "Rossi", "Schmidt", "Taylor", "Winter",
];
const STREETS: &[&str] = &["Oak Street", "Mill Lane", "Station Road", "Park Avenue", "Church Street", "Garden Way"];
const PLACES: &[(&str, &str, &str)] = &[
    ("Vienna", "Vienna", "Austria"),
    ("Portland", "Oregon", "United States"),
    ("Munich", "Bavaria", "Germany"),
    ("Lyon", "Auvergne-Rhone-Alpes", "France"),
    ("Bergen", "Vestland", "Norway"),
    ("Kyoto", "Kyoto", "Japan"),
];
const DOMAINS: &[&str] = &["example.com", "example.org", "example.net"];
const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

impl Chance {
    /// A sequence that begins with a seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A seed out of a text.
    pub fn seed(text: &str) -> u64 {
        // FNV-1a: the same on every machine and in every release.
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }

    /// SplitMix64, as in [`part::Ctx::random`].
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of them.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from(*self.of(b"0123456789abcdef"))).collect()
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(*self.of(b"0123456789"))).collect()
    }

    fn uuid(&mut self) -> String {
        let (a, b, c, d) = (self.hex(8), self.hex(4), self.hex(3), self.hex(3));
        let variant = char::from(*self.of(b"89ab"));
        format!("{a}-{b}-4{c}-{variant}{d}-{}", self.hex(12))
    }

    fn email(&mut self) -> String {
        let (first, last, number) = (self.of(FIRST).to_lowercase(), self.of(LAST).to_lowercase(), self.below(1000));
        format!("{first}.{last}{number}@{}", self.of(DOMAINS))
    }

    /// Sixteen digits, of which the last one is right (Luhn).
    fn card(&mut self) -> String {
        let mut number = format!("4{}", self.digits(14));
        let sum: u32 = number
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, digit)| {
                let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
                if digit > 9 { digit - 9 } else { digit }
            })
            .sum();
        number.push_str(&((10 - sum % 10) % 10).to_string());
        [&number[..4], &number[4..8], &number[8..12], &number[12..]].join("-")
    }

    /// Something of a kind, with n8n's names of fields.
    pub fn made_up(&mut self, data: Data) -> Value {
        match data {
            Data::User => {
                let (uid, email) = (self.uuid(), self.email());
                let password: String = (0..12).map(|_| char::from(*self.of(LETTERS))).collect();
                let (first, last) = (self.of(FIRST), self.of(LAST));
                json!({ "uid": uid, "email": email, "firstname": first, "lastname": last, "password": password })
            }
            Data::Address => {
                let (first, last) = (self.of(FIRST), self.of(LAST));
                let street = format!("{} {}", self.below(200) + 1, self.of(STREETS));
                let (zip, (city, state, country)) = (self.digits(5), self.of(PLACES));
                json!({
                    "firstname": first, "lastname": last, "street": street, "city": city, "zip": zip, "state": state,
                    "country": country,
                })
            }
            Data::Email => json!({ "email": self.email(), "confirmed": self.below(2) == 1 }),
            Data::CreditCard => {
                let kind = self.of(&["MasterCard", "Visa"]);
                let (number, ccv) = (self.card(), self.digits(3));
                let expires = format!("{:02}/{:02}", self.below(12) + 1, self.below(40) + 1);
                let holder = format!("{} {}", self.of(FIRST), self.of(LAST));
                json!({ "type": kind, "number": number, "ccv": ccv, "exp": expires, "holder_name": holder })
            }
            Data::Uuid => json!({ "uuid": self.uuid() }),
            Data::Url => {
                let name = self.of(LAST).to_lowercase();
                json!({ "url": format!("https://{name}{}.{}", self.below(1000), self.of(DOMAINS)) })
            }
            Data::Ipv4 => {
                let parts: Vec<String> = (0..4).map(|_| self.below(256).to_string()).collect();
                json!({ "ip": parts.join(".") })
            }
            Data::Ipv6 => {
                let parts: Vec<String> = (0..8).map(|_| self.hex(4)).collect();
                json!({ "ipv6": parts.join(":") })
            }
            Data::MacAddress => {
                let parts: Vec<String> = (0..6).map(|_| self.hex(2)).collect();
                json!({ "mac": parts.join("-") })
            }
            Data::LatLong => {
                let degrees = |number: u64, most: u64| number as f64 / 1e6 - most as f64;
                let (latitude, longitude) = (self.below(180_000_001), self.below(360_000_001));
                let (latitude, longitude) = (degrees(latitude, 90), degrees(longitude, 180));
                json!({ "location": format!("{latitude:.6}, {longitude:.6}") })
            }
            Data::Semver => {
                json!({ "version": format!("{}.{}.{}", self.below(10), self.below(20), self.below(50)) })
            }
            // Made by whoever knows its characters.
            Data::Nanoid => Value::Null,
        }
    }
}
