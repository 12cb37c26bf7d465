//! Time zones: the rules of the bundled IANA database, read without touching a file.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zones that scripts asked for in this process.
pub(super) struct Zones {
    database: TimeZoneDatabase,
}

impl Zones {
    pub(super) fn new() -> Zones {
        Zones { database: TimeZoneDatabase::bundled() }
    }

    /// The zone's own spelling of its name; `None` when there is no such zone.
    pub(super) fn canonical(&self, name: &str) -> Option<String> {
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("etc/utc") {
            return Some("UTC".into());
        }
        self.zone(name)?.iana_name().map(str::to_owned)
    }

    /// Minutes east of UTC at that moment, and whether it is daylight saving time.
    pub(super) fn offset(&self, name: &str, millis: f64) -> Option<(f64, bool)> {
        let zone = self.zone(name)?;
        // Beyond what the database can say, the nearest moment's rule holds.
        let millis = millis.clamp(-62_000_000_000_000.0, 253_000_000_000_000.0) as i64;
        let info = zone.to_offset_info(Timestamp::from_millisecond(millis).ok()?);
        Some((f64::from(info.offset().seconds()) / 60.0, info.dst().is_dst()))
    }

    fn zone(&self, name: &str) -> Option<TimeZone> {
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("etc/utc") {
            return Some(TimeZone::UTC);
        }
        self.database.get(name).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_the_seasons() {
        let zones = Zones::new();
        assert_eq!(zones.offset("Europe/Berlin", 1_700_000_000_000.0), Some((60.0, false)));
        assert_eq!(zones.offset("europe/berlin", 1_690_000_000_000.0), Some((120.0, true)));
        assert_eq!(zones.offset("Asia/Kathmandu", 0.0), Some((330.0, false)));
        assert_eq!(zones.offset("UTC", f64::MAX), Some((0.0, false)));
        assert_eq!(zones.offset("Mars/Base", 0.0), None);
        assert_eq!(zones.canonical("america/new_york").as_deref(), Some("America/New_York"));
    }
}
