//! Sealing: a data key for each secret, wrapped by the master key (envelope encryption, AES-256-GCM).
//!
//! The master key never touches a secret itself, so that changing it means wrapping small keys again, and nothing that
//! was sealed before has to be opened for it.

use std::io::Write;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, rand};
use model::{Name, ScopeId};

use crate::Error;

const FORMAT: u8 = 1;
const KEY: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;
const KEY_ID: usize = 8;
const HEAD: usize = 1 + KEY_ID + NONCE + KEY + TAG + NONCE;

/// Where a sealed value belongs. It is bound to the value: moved to another place, it cannot be opened.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Scope of the connection.
    pub scope: ScopeId,
    /// The connection.
    pub connection: &'a Name,
    /// Its field.
    pub field: &'a str,
    /// Which writing of the field, from 1.
    pub generation: u64,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        format!("{}\0{}\0{}\0{}", self.scope.0, self.connection, self.field, self.generation).into_bytes()
    }
}

/// 32 bytes that wrap data keys.
#[derive(Clone)]
pub struct MasterKey {
    bytes: [u8; KEY],
    id: [u8; KEY_ID],
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "MasterKey({})", data_encoding::HEXLOWER.encode(&self.id))
    }
}

impl MasterKey {
    /// A key of those bytes.
    pub fn new(bytes: [u8; KEY]) -> MasterKey {
        let mut id = [0; KEY_ID];
        let hash = digest::digest(&digest::SHA256, &[b"fishplate key id ".as_slice(), &bytes].concat());
        id.copy_from_slice(&hash.as_ref()[..KEY_ID]);
        MasterKey { bytes, id }
    }

    /// A new random key.
    pub fn generate() -> MasterKey {
        MasterKey::new(random())
    }

    /// Reads 64 hexadecimal digits or base64 of 32 bytes. `place` is named in the error.
    pub fn parse(text: &str, place: &str) -> Result<MasterKey, Error> {
        use base64::Engine;
        let text = text.trim();
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .ok()
            .or_else(|| base64::engine::general_purpose::STANDARD.decode(text).ok());
        let bytes = bytes.and_then(|bytes| <[u8; KEY]>::try_from(bytes).ok());
        bytes.map(MasterKey::new).ok_or_else(|| Error::BadKey { place: place.to_owned() })
    }

    /// Reads the key file, or makes one that only its owner can read. Whoever calls this holds the data folder alone.
    pub fn load_or_create(path: &Path) -> Result<MasterKey, Error> {
        let fault = |source| Error::KeyFile { path: path.display().to_string(), source };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                refuse_loose(path)?;
                MasterKey::parse(&text, &path.display().to_string())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = MasterKey::generate();
                let text = data_encoding::HEXLOWER.encode(&key.bytes);
                write_private(path, &text).map_err(fault)?;
                Ok(key)
            }
            Err(error) => Err(fault(error)),
        }
    }

    fn aead(&self) -> Result<LessSafeKey, Error> {
        aead(&self.bytes)
    }
}

/// Writes a file that only its owner can read, in the place of one that may be there. It is whole and durable before
/// it has its name.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let part = path.with_extension(format!("part-{}", crate::random_text()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let named = written.and_then(|()| std::fs::rename(&part, path));
    if named.is_err() {
        // What is left of the attempt is of no use; that it failed is what counts.
        let _ = std::fs::remove_file(&part);
    }
    named
}

#[cfg(unix)]
fn refuse_loose(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(path).map_err(|source| Error::KeyFile { path: path.display().to_string(), source })?;
    if meta.mode() & 0o077 == 0 { Ok(()) } else { Err(Error::LooseKey(path.display().to_string())) }
}

#[cfg(not(unix))]
fn refuse_loose(_: &Path) -> Result<(), Error> {
    Ok(())
}

/// The key that seals, and older ones that still open.
#[derive(Clone, Debug)]
pub struct Keyring {
    active: MasterKey,
    older: Vec<MasterKey>,
}

impl Keyring {
    /// A ring of one key.
    pub fn new(active: MasterKey) -> Keyring {
        Keyring { active, older: Vec::new() }
    }

    /// The ring after a change of keys: the new one seals, all of them open.
    #[must_use]
    pub fn under(self, active: MasterKey) -> Keyring {
        let older = std::iter::once(self.active).chain(self.older).collect();
        Keyring { active, older }
    }

    /// From `FISHPLATE_KEY` when it is set (several keys parted by commas, the first one seals), else from the file,
    /// which is made when it is not there.
    pub fn load(environment: Option<&str>, file: &Path) -> Result<Keyring, Error> {
        let Some(text) = environment.filter(|text| !text.trim().is_empty()) else {
            return MasterKey::load_or_create(file).map(Keyring::new);
        };
        let keys: Result<Vec<MasterKey>, Error> =
            text.split(',').map(|part| MasterKey::parse(part, "`FISHPLATE_KEY`")).collect();
        let mut keys = keys?.into_iter();
        match keys.next() {
            Some(active) => Ok(Keyring { active, older: keys.collect() }),
            None => Err(Error::BadKey { place: "`FISHPLATE_KEY`".into() }),
        }
    }

    /// Whether there are older keys whose wrappings should be made anew.
    pub fn is_rotated(&self) -> bool {
        !self.older.is_empty()
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, Error> {
        let data_key: [u8; KEY] = random();
        let place = place.bytes();
        let mut sealed = Vec::with_capacity(HEAD + value.len() + TAG);
        self.wrap(&data_key, &place, &mut sealed)?;
        let nonce: [u8; NONCE] = random();
        sealed.extend_from_slice(&nonce);
        let mut text = value.to_vec();
        encrypt(&aead(&data_key)?, nonce, &place, &mut text)?;
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let place = place.bytes();
        let data_key = self.unwrap(&place, sealed)?;
        let nonce = part(sealed, HEAD - NONCE, NONCE)?;
        decrypt(&aead(&data_key)?, nonce, &place, &sealed[HEAD..])
    }

    /// Wraps the data key again under the active key; the value itself stays as it is.
    pub fn rewrap(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let place = place.bytes();
        let data_key = self.unwrap(&place, sealed)?;
        let mut fresh = Vec::with_capacity(sealed.len());
        self.wrap(&data_key, &place, &mut fresh)?;
        fresh.extend_from_slice(&sealed[HEAD - NONCE..]);
        Ok(fresh)
    }

    /// Whether a sealed value is wrapped by the key that seals now.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.get(1..1 + KEY_ID) == Some(&self.active.id)
    }

    fn wrap(&self, data_key: &[u8], place: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        out.push(FORMAT);
        out.extend_from_slice(&self.active.id);
        let nonce: [u8; NONCE] = random();
        out.extend_from_slice(&nonce);
        let mut wrapped = data_key.to_vec();
        encrypt(&self.active.aead()?, nonce, place, &mut wrapped)?;
        out.extend_from_slice(&wrapped);
        Ok(())
    }

    fn unwrap(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        if sealed.len() < HEAD + TAG || sealed[0] != FORMAT {
            return Err(Error::Sealed("its format is not known"));
        }
        let id = &sealed[1..1 + KEY_ID];
        let mut keys = std::iter::once(&self.active).chain(&self.older);
        let key = keys.find(|key| key.id == id).ok_or(Error::Sealed("the master key that wrapped it is not here"))?;
        let nonce = part(sealed, 1 + KEY_ID, NONCE)?;
        decrypt(&key.aead()?, nonce, place, part(sealed, 1 + KEY_ID + NONCE, KEY + TAG)?)
    }
}

/// Cryptographically strong random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Not a thing that a user, peer or disk decides; going on with weak bytes would be worse than stopping.
    rand::fill(&mut bytes).expect("the system's random generator works");
    bytes
}

fn part(sealed: &[u8], at: usize, len: usize) -> Result<&[u8], Error> {
    sealed.get(at..at + len).ok_or(Error::Sealed("it is too short"))
}

fn aead(key: &[u8]) -> Result<LessSafeKey, Error> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::Sealed("its key has the wrong length"))?;
    Ok(LessSafeKey::new(key))
}

fn encrypt(key: &LessSafeKey, nonce: [u8; NONCE], place: &[u8], text: &mut Vec<u8>) -> Result<(), Error> {
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), text)
        .map_err(|_| Error::Sealed("it is too large"))
}

fn decrypt(key: &LessSafeKey, nonce: &[u8], place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Sealed("its nonce is too short"))?;
    let mut text = sealed.to_vec();
    let open = key.open_in_place(nonce, Aad::from(place), &mut text);
    let len = open.map_err(|_| Error::Sealed("it was changed, or it belongs to another field"))?.len();
    text.truncate(len);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place<'a>(connection: &'a Name, field: &'a str, generation: u64) -> Place<'a> {
        Place { scope: ScopeId(1), connection, field, generation }
    }

    #[test]
    fn what_was_sealed_opens_only_in_its_place() {
        let ring = Keyring::new(MasterKey::generate());
        let crm: Name = "crm".parse().unwrap();
        let sealed = ring.seal(place(&crm, "password", 1), b"s3cret").unwrap();
        assert_eq!(ring.open(place(&crm, "password", 1), &sealed).unwrap(), b"s3cret");
        assert!(ring.open(place(&crm, "password", 2), &sealed).is_err());
        assert!(ring.open(place(&crm, "token", 1), &sealed).is_err());
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(ring.open(place(&crm, "password", 1), &broken).is_err(), "a flip at {at} was not seen");
        }
        for len in 0..sealed.len() {
            assert!(ring.open(place(&crm, "password", 1), &sealed[..len]).is_err());
        }
        assert!(Keyring::new(MasterKey::generate()).open(place(&crm, "password", 1), &sealed).is_err());
    }

    #[test]
    fn a_changed_key_opens_the_old_and_wraps_anew() {
        let (first, second) = (MasterKey::generate(), MasterKey::generate());
        let crm: Name = "crm".parse().unwrap();
        let sealed = Keyring::new(first.clone()).seal(place(&crm, "token", 1), b"abc").unwrap();
        let ring = Keyring::new(first).under(second.clone());
        assert!(!ring.is_current(&sealed));
        let fresh = ring.rewrap(place(&crm, "token", 1), &sealed).unwrap();
        assert!(ring.is_current(&fresh));
        assert_eq!(Keyring::new(second).open(place(&crm, "token", 1), &fresh).unwrap(), b"abc");
    }

    #[test]
    fn keys_are_read_as_hex_and_base64() {
        let key = MasterKey::new([7; 32]);
        let hex = "07".repeat(32);
        assert_eq!(MasterKey::parse(&hex, "x").unwrap().id, key.id);
        assert_eq!(MasterKey::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "x").unwrap().id, key.id);
        assert!(MasterKey::parse("07", "x").is_err());
    }
}
