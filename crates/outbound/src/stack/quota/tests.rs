use super::*;

const NOW: Duration = Duration::from_secs(784_111_777);

fn read(lines: &[(&'static str, &str)]) -> Statement {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    Statement::read(&headers, NOW)
}

#[test]
fn waits_are_read_in_all_their_spellings() {
    for (text, seconds) in [
        ("7", Some(7.0)),
        ("1.5", Some(1.5)),
        ("0", Some(0.0)),
        ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60.0)),
        ("Sun, 06 Nov 1994 08:40:37 GMT", Some(0.0)),
        ("1994-11-06T08:50:37Z", Some(60.0)),
        ("1994-11-06T08:50:37.250+00:00", Some(60.0)),
        ("6m0s", Some(360.0)),
        ("120ms", Some(0.12)),
        ("1h1s", Some(3601.0)),
        ("99999999", Some(86_400.0)),
        ("1784111787", Some(86_400.0)),
        ("soon", None),
        ("-1", None),
        ("NaN", None),
        ("5 apples", None),
        ("", None),
    ] {
        let found = read(&[("retry-after", text)]).retry_after;
        assert_eq!(found.map(|found| found.as_secs_f64()), seconds, "{text}");
    }
    let later = Duration::from_secs(1_700_000_000);
    assert_eq!(from_now("1700000009", later), Some(Duration::from_secs(9)));
    assert_eq!(from_now("1700000009500", later), Some(Duration::from_millis(9500)));
}

#[test]
fn dates_are_counted_from_the_services_clock() {
    let retry = ("retry-after", "Sun, 06 Nov 1994 09:50:00 GMT");
    for (date, seconds) in
        [("Sun, 06 Nov 1994 09:49:30 GMT", 30), ("Sun, 06 Nov 1994 08:49:36 GMT", 3623), ("nonsense", 3623)]
    {
        assert_eq!(read(&[retry, ("date", date)]).retry_after.map(|found| found.as_secs()), Some(seconds), "{date}");
    }
}

/// Limit, remaining, reset and window in seconds.
type Row = (Option<u64>, Option<u64>, Option<f64>, Option<f64>);

fn rows(statement: &Statement) -> Vec<Row> {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let row = |quota: &Quota| (quota.limit, quota.remaining, seconds(quota.reset), seconds(quota.window));
    statement.quotas.iter().map(row).collect()
}

/// Headers, what they cover, and what is read of them.
type Dialect<'a> = (&'a [(&'static str, &'a str)], Coverage, Vec<Row>);

#[test]
fn quotas_are_read_in_all_their_dialects() {
    let named = |name: &str| Coverage::Named(name.into());
    let table: Vec<Dialect<'_>> = vec![
        // The IETF draft, in the order of its history.
        (
            &[("ratelimit-limit", "100"), ("ratelimit-remaining", "50"), ("ratelimit-reset", "30")],
            Coverage::Account,
            vec![(Some(100), Some(50), Some(30.0), None)],
        ),
        (
            &[("ratelimit-limit", "10, 10;w=1, 50;w=60"), ("ratelimit-remaining", "4"), ("ratelimit-reset", "1")],
            Coverage::Account,
            vec![(Some(10), Some(4), Some(1.0), Some(1.0))],
        ),
        (
            &[
                ("ratelimit-policy", "10;w=1, 50;w=60"),
                ("ratelimit-limit", "50"),
                ("ratelimit-remaining", "4"),
                ("ratelimit-reset", "7"),
            ],
            Coverage::Account,
            vec![(Some(50), Some(4), Some(7.0), Some(60.0))],
        ),
        (
            &[("ratelimit", "limit=100, remaining=50, reset=5"), ("ratelimit-policy", "100;w=60")],
            Coverage::Account,
            vec![(Some(100), Some(50), Some(5.0), Some(60.0))],
        ),
        (
            &[("ratelimit", r#""default";r=50;t=30"#), ("ratelimit-policy", r#""default";q=100;w=60"#)],
            named("default"),
            vec![(Some(100), Some(50), Some(30.0), Some(60.0))],
        ),
        (
            &[
                ("ratelimit", r#""daily";r=999;t=4000, "burst, or so";r=0;t=2"#),
                ("ratelimit-policy", r#""burst, or so";q=10;w=5, "daily";q=1000;w=86400;pk=:c2VjcmV0:"#),
            ],
            named("burst, or so,daily"),
            vec![(Some(10), Some(0), Some(2.0), Some(5.0)), (Some(1000), Some(999), Some(4000.0), Some(86_400.0))],
        ),
        (
            &[
                ("ratelimit", r#""bytes";r=5;t=1, default;r=7"#),
                ("ratelimit-policy", r#""bytes";q=9;qu="content-bytes", default;q=8;qu="requests""#),
            ],
            named("default"),
            vec![(Some(8), Some(7), None, None)],
        ),
        // GitHub, Discord, Twitter and Okta, GitLab.
        (
            &[
                ("x-ratelimit-limit", "30"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "12"),
                ("x-ratelimit-resource", "search"),
            ],
            named("search"),
            vec![(Some(30), Some(0), Some(12.0), None)],
        ),
        (
            &[
                ("x-ratelimit-limit", "5"),
                ("x-ratelimit-remaining", "1"),
                ("x-ratelimit-reset", "1784111787.5"),
                ("x-ratelimit-reset-after", "0.250"),
                ("x-ratelimit-bucket", "abcd"),
            ],
            named("abcd"),
            vec![(Some(5), Some(1), Some(0.25), None)],
        ),
        (
            &[("x-rate-limit-limit", "15"), ("x-rate-limit-remaining", "14"), ("x-rate-limit-reset", "900")],
            Coverage::Path,
            vec![(Some(15), Some(14), Some(900.0), None)],
        ),
        // OpenAI, Anthropic.
        (
            &[
                ("x-ratelimit-limit-requests", "60"),
                ("x-ratelimit-remaining-requests", "59"),
                ("x-ratelimit-reset-requests", "1s"),
                ("x-ratelimit-remaining-tokens", "149984"),
            ],
            Coverage::Account,
            vec![(Some(60), Some(59), Some(1.0), None)],
        ),
        (
            &[
                ("anthropic-ratelimit-requests-limit", "50"),
                ("anthropic-ratelimit-requests-remaining", "3"),
                ("anthropic-ratelimit-requests-reset", "1994-11-06T08:50:37Z"),
            ],
            Coverage::Account,
            vec![(Some(50), Some(3), Some(60.0), None)],
        ),
        // Kong.
        (
            &[("x-ratelimit-limit-minute", "20"), ("x-ratelimit-remaining-minute", "0")],
            Coverage::Account,
            vec![(Some(20), Some(0), Some(60.0), Some(60.0))],
        ),
        // HubSpot, now and as it was.
        (
            &[
                ("x-hubspot-ratelimit-max", "100"),
                ("x-hubspot-ratelimit-remaining", "99"),
                ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
                ("x-hubspot-ratelimit-daily-remaining", "5"),
            ],
            Coverage::Account,
            vec![(Some(100), Some(99), Some(10.0), Some(10.0))],
        ),
        (
            &[("x-hubspot-ratelimit-secondly", "10"), ("x-hubspot-ratelimit-secondly-remaining", "0")],
            Coverage::Account,
            vec![(Some(10), Some(0), Some(1.0), Some(1.0))],
        ),
        // Shopify.
        (&[("x-shopify-shop-api-call-limit", "32/40")], Coverage::Account, vec![(Some(40), Some(8), None, Some(20.0))]),
        // What says nothing, or nothing that can be kept.
        (&[("content-type", "text/plain")], Coverage::Account, vec![]),
        (&[("x-ratelimit-limit", "100")], Coverage::Account, vec![]),
        (&[("ratelimit", "nonsense;;=,,")], Coverage::Account, vec![]),
        (&[("x-ratelimit-remaining", "many")], Coverage::Account, vec![]),
        (&[("x-shopify-shop-api-call-limit", "1/0")], Coverage::Account, vec![]),
        (&[("x-hubspot-ratelimit-daily-remaining", "0")], Coverage::Account, vec![]),
    ];
    for (headers, coverage, quotas) in table {
        let statement = read(headers);
        assert_eq!((rows(&statement), &statement.coverage), (quotas, &coverage), "{headers:?}");
    }
}

#[test]
fn a_quota_is_used_up_when_nothing_is_left_until_a_known_time() {
    assert!(read(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "3")]).exhausted());
    assert!(read(&[("x-shopify-shop-api-call-limit", "40/40")]).exhausted());
    assert!(!read(&[("ratelimit-remaining", "1"), ("ratelimit-reset", "3")]).exhausted());
    assert!(!read(&[("ratelimit-remaining", "0")]).exhausted());
}

#[test]
fn dates_are_read_to_the_second() {
    for (text, seconds) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
        ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
        ("Sun, 06 Nov 1994 08:49:37 CET", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("", None),
    ] {
        assert_eq!(http_date(text).map(|date| date.as_secs()), seconds, "{text}");
    }
    for (text, seconds) in [
        ("2024-02-29T23:59:59Z", Some(1_709_251_199)),
        ("2024-13-29T23:59:59Z", None),
        ("2024-02-29", None),
        ("2024-02-29T23:59:59", None),
    ] {
        assert_eq!(iso_date(text).map(|date| date.as_secs()), seconds, "{text}");
    }
}
