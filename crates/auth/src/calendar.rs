//! Days of the calendar, as dates in secrets and signatures have them (proleptic Gregorian, UTC).

/// Milliseconds since 1970 at which a day such as `2027-03-01` is over.
pub(crate) fn end_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let number = days(year, month, day);
    // A day that does not exist comes back as another one.
    (date(number) == (year, month, day)).then_some((number + 1) * 86_400_000)
}

/// A moment such as `20270301120000` in UTC, in milliseconds since 1970.
pub(crate) fn compact(text: &str) -> Option<i64> {
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let day = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8]);
    Some(end_of_day(&day)? - 86_400_000 + (hour * 3600 + minute * 60 + second) * 1000)
}

/// A moment as `20150830T123600Z`.
pub(crate) fn basic_time(seconds: i64) -> String {
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Days since 1970.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the day that comes and goes is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_and_those_that_do_not_exist_refused() {
        assert_eq!(end_of_day("1970-01-01"), Some(86_400_000));
        assert_eq!(end_of_day("2024-02-29"), Some(1_709_251_200_000));
        for wrong in ["2023-02-29", "2023-13-01", "2023-1-1", "soon", "2023-01-01-01", ""] {
            assert_eq!(end_of_day(wrong), None, "{wrong}");
        }
        assert_eq!(compact("20150830123600"), Some(1_440_938_160_000));
        for wrong in ["20150830243600", "2015083012360", "2015083012360Z", "20151330123600"] {
            assert_eq!(compact(wrong), None, "{wrong}");
        }
        assert_eq!(basic_time(1_440_938_160), "20150830T123600Z");
        assert_eq!(basic_time(951_782_399), "20000228T235959Z");
    }
}
