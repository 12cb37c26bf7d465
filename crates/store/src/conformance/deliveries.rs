//! Webhooks out: posting, spreading, claiming, ending, looking back, and what is known of subscribers.

use model::{ArrivalId, MessageId, RunId};

use super::Case;
use super::fixtures::{Fixture, MAIN, NOW};
use crate::{
    Arrival, ArrivalFilter, ArrivalVerdict, AttemptRow, Claim, DeliveryFilter, DeliveryRow, DeliveryStatus, Ended,
    KeyChange, LocalWrite, MessageFilter, MessageRow, Next, Posted, RunStatus, Spread, Store, SubscriberState,
};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a message is posted once by its key, by itself and with the commit of a run",
        queries: &["post_message", "message_posted", "commit", "unspread", "spread", "message", "messages"],
        run: |store| Box::pin(posts(store)),
    },
    Case {
        name: "a delivery is tried by one at a time, and again by somebody else when that one is given up",
        queries: &["waiting_subscribers", "claim_deliveries", "end_deliveries", "delivery", "deliveries"],
        run: |store| Box::pin(claims(store)),
    },
    Case {
        name: "deliveries that failed are tried again, dropped ones are not, and old messages go",
        queries: &[
            "resend_delivery",
            "recover_deliveries",
            "missed_messages",
            "expire_messages",
            "subscriber_counts",
            "subscribers",
        ],
        run: |store| Box::pin(again(store)),
    },
    Case {
        name: "a subscriber keeps its salt until it is changed or the subscriber is forgotten",
        queries: &["subscriber", "known_subscriber", "put_subscribers", "change_subscriber_key", "forget_subscriber"],
        run: |store| Box::pin(subscribers(store)),
    },
    Case {
        name: "what came in is seen again, the newest first, until it is old or there is too much of it",
        queries: &["add_arrivals", "arrivals", "arrival", "expire_arrivals"],
        run: |store| Box::pin(arrivals(store)),
    },
];

fn id(number: u64) -> MessageId {
    MessageId::from_parts(NOW as u64 + number, number.into())
}

fn message(number: u64, event: &str) -> MessageRow {
    MessageRow {
        scope: MAIN,
        id: id(number),
        event: event.into(),
        customer: "acme".into(),
        key: None,
        payload: format!(r#"{{"number":{number}}}"#),
        source: "token:test".into(),
        created_at: NOW + number as i64,
    }
}

/// Posts a message for those subscribers.
async fn posted(store: &Store, number: u64, subscribers: &[&str]) {
    let message = message(number, "invoice.paid");
    store.post_message(message.clone(), None).await.expect("no fault");
    let spread = Spread {
        scope: MAIN,
        message: message.id,
        event: message.event,
        customer: message.customer,
        subscribers: subscribers.iter().map(|name| (*name).to_owned()).collect(),
    };
    store.spread(vec![spread], NOW).await.expect("no fault");
}

fn claim(subscriber: &str, limit: usize) -> Claim {
    Claim { scope: MAIN, subscriber: subscriber.into(), limit, early: false }
}

fn ended(subscriber: &str, number: u64, tried: u32, next: Next) -> Ended {
    let attempt = AttemptRow {
        number: tried,
        at: NOW + 10,
        took: 7,
        answered: Some(if next == Next::Delivered { 204 } else { 500 }),
        reason: (next != Next::Delivered).then(|| "it answered 500".into()),
        answer: Some("oops".into()),
    };
    Ended {
        scope: MAIN,
        subscriber: subscriber.into(),
        message: id(number),
        attempt: Some(attempt),
        tries: tried,
        next,
        at: NOW + 17,
    }
}

async fn posts(store: Store) {
    let first = MessageRow { key: Some("paid-1".into()), ..message(1, "invoice.paid") };
    let second = MessageRow { key: Some("paid-1".into()), ..message(2, "invoice.paid") };
    let post = async |message: &MessageRow, alone| store.post_message(message.clone(), alone).await.expect("no fault");
    assert_eq!(post(&first, None).await, Posted::New(id(1)));
    assert_eq!(post(&second, None).await, Posted::Known(id(1)));
    let test = message(3, "test");
    assert_eq!(post(&test, Some("crm")).await, Posted::New(id(3)));
    store.message_posted().await;

    // With a run: one that is new, and one whose key is known, which changes nothing.
    let fixture = Fixture::new(store.clone()).await;
    let mut commit = fixture.admission(9, RunStatus::Completed, 1);
    let fourth = message(4, "invoice.sent");
    commit.local = vec![LocalWrite::Post(fourth.clone()), LocalWrite::Post(second.clone())];
    store.commit(commit).await.expect("committed");
    store.message_posted().await;
    let waiting = store.unspread(10).await.expect("no fault");
    let found: Vec<_> = waiting.iter().map(|one| (one.message.id, one.subscriber.as_deref())).collect();
    assert_eq!(found, [(id(1), None), (id(3), Some("crm")), (id(4), None)]);
    assert_eq!(waiting[0].message, first);

    let spread = |message: &MessageRow, subscribers: Vec<String>| Spread {
        scope: MAIN,
        message: message.id,
        event: message.event.clone(),
        customer: message.customer.clone(),
        subscribers,
    };
    let spreads = vec![spread(&first, vec!["crm".into(), "erp".into()]), spread(&test, vec![])];
    store.spread(spreads, NOW).await.expect("no fault");
    let left: Vec<_> = store.unspread(10).await.expect("no fault").iter().map(|one| one.message.id).collect();
    assert_eq!(left, [id(4)]);
    let made = store.deliveries(MAIN, DeliveryFilter::default(), 10).await.expect("no fault");
    let made: Vec<_> = made.iter().map(|row| (row.message, row.subscriber.as_str(), row.status)).collect();
    assert_eq!(made, [(id(1), "crm", DeliveryStatus::Waiting), (id(1), "erp", DeliveryStatus::Waiting)]);

    assert_eq!(store.message(MAIN, id(4)).await.expect("no fault"), Some(fourth));
    assert_eq!(store.message(MAIN, id(2)).await.expect("no fault"), None, "its key was known");
    let list = async |filter| {
        let rows = store.messages(MAIN, filter, 10).await.expect("no fault");
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(list(MessageFilter::default()).await, [id(4), id(3), id(1)]);
    assert_eq!(list(MessageFilter { event: Some("invoice.paid".into()), ..<_>::default() }).await, [id(1)]);
    assert_eq!(list(MessageFilter { customer: Some("other".into()), ..<_>::default() }).await, []);
    assert_eq!(list(MessageFilter { after: Some(id(4)), since: Some(NOW + 2), ..<_>::default() }).await, [id(3)]);
    assert_eq!(list(MessageFilter { until: Some(NOW + 3), ..<_>::default() }).await, [id(1)]);
}

async fn claims(store: Store) {
    posted(&store, 1, &["crm", "erp"]).await;
    posted(&store, 2, &["crm"]).await;
    let due = store.waiting_subscribers(None, 10).await.expect("no fault");
    let names: Vec<_> = due.iter().map(|due| due.subscriber.as_str()).collect();
    assert_eq!((names, due[0].at), (vec!["crm", "erp"], NOW));
    let rest = store.waiting_subscribers(Some((MAIN, "crm".into())), 10).await.expect("no fault");
    assert_eq!(rest.len(), 1);

    let take = async |claims, now| store.claim_deliveries(claims, now, now + 60).await.expect("no fault");
    let taken = take(vec![claim("crm", 1), claim("erp", 5)], NOW).await;
    let found: Vec<_> = taken.iter().map(|one| (one.subscriber.as_str(), one.message.id)).collect();
    assert_eq!(found, [("crm", id(1)), ("erp", id(1))]);
    assert_eq!((taken[0].attempts, taken[0].message.payload.as_str()), (0, r#"{"number":1}"#));
    let more = take(vec![claim("crm", 5), claim("erp", 5)], NOW + 59).await;
    assert_eq!(more.iter().map(|one| one.message.id).collect::<Vec<_>>(), [id(2)], "the others are being tried");
    let again = take(vec![claim("erp", 5)], NOW + 60).await;
    assert_eq!(again.len(), 1, "whoever tried it is given up");

    let put_off = Ended { attempt: None, next: Next::Again(NOW + 500), ..ended("crm", 2, 1, Next::Failed) };
    let all = vec![ended("crm", 1, 1, Next::Delivered), ended("erp", 1, 1, Next::Again(NOW + 300)), put_off];
    store.end_deliveries(all).await.expect("no fault");
    assert_eq!(take(vec![claim("crm", 5), claim("erp", 5)], NOW + 299).await, []);
    let early = Claim { early: true, ..claim("crm", 1) };
    assert_eq!(take(vec![early], NOW + 299).await.len(), 1, "a probe does not wait");

    let (row, attempts) = store.delivery(MAIN, id(1), "erp").await.expect("no fault").expect("it is there");
    let wanted = DeliveryRow {
        scope: MAIN,
        subscriber: "erp".into(),
        message: id(1),
        event: "invoice.paid".into(),
        customer: "acme".into(),
        status: DeliveryStatus::Waiting,
        attempts: 1,
        due_at: NOW + 300,
        ended_at: None,
        answered: Some(500),
        reason: Some("it answered 500".into()),
    };
    assert_eq!(row, wanted);
    assert_eq!((attempts.len(), attempts[0].number, attempts[0].answer.as_deref()), (1, 1, Some("oops")));
    assert_eq!(store.delivery(MAIN, id(1), "nobody").await.expect("no fault"), None);

    let list = async |filter| {
        let rows = store.deliveries(MAIN, filter, 10).await.expect("no fault");
        rows.iter().map(|row| (row.message, row.subscriber.clone())).collect::<Vec<_>>()
    };
    let of = |name: &str| DeliveryFilter { subscriber: Some(name.into()), ..DeliveryFilter::default() };
    assert_eq!(list(of("crm")).await, [(id(2), "crm".into()), (id(1), "crm".into())]);
    let delivered = DeliveryFilter { status: Some(DeliveryStatus::Delivered), ..DeliveryFilter::default() };
    assert_eq!(list(delivered).await, [(id(1), "crm".into())]);
    let after = DeliveryFilter { after: Some((id(1), "crm".into())), ..DeliveryFilter::default() };
    assert_eq!(list(after).await, [(id(1), "erp".into())]);
    let one = DeliveryFilter { message: Some(id(2)), since: Some(NOW), ..DeliveryFilter::default() };
    assert_eq!(list(one).await, [(id(2), "crm".into())]);
}

async fn again(store: Store) {
    for number in 1..=3 {
        posted(&store, number, &["crm"]).await;
    }
    let taken = store.claim_deliveries(vec![claim("crm", 9)], NOW, NOW + 60).await.expect("no fault");
    assert_eq!(taken.len(), 3);
    let all = (1..=3).map(|number| ended("crm", number, 8, Next::Failed)).collect();
    store.end_deliveries(all).await.expect("no fault");
    let row = store.subscriber(MAIN, "crm", vec![1], NOW).await.expect("no fault");
    let counts = async || {
        let counts = store.subscriber_counts(MAIN, "crm").await.expect("no fault");
        let all = store.subscribers(MAIN).await.expect("no fault");
        let own = all.into_iter().find(|(name, ..)| name == "crm");
        assert!(own.is_none_or(|(_, known, all)| known == row && all == counts), "the list says the same");
        (counts.waiting, counts.failed)
    };
    assert_eq!(counts().await, (0, 3));
    assert!(store.resend_delivery(MAIN, id(1), "crm", NOW + 90).await.expect("no fault"));
    assert!(!store.resend_delivery(MAIN, id(1), "erp", NOW + 90).await.expect("no fault"));
    assert_eq!(counts().await, (1, 2));
    assert_eq!(store.recover_deliveries(MAIN, "crm", NOW + 3, NOW + 95).await.expect("no fault"), 1);
    let taken = store.claim_deliveries(vec![claim("crm", 9)], NOW + 95, NOW + 96).await.expect("no fault");
    let found: Vec<_> = taken.iter().map(|one| (one.message.id, one.attempts, one.tries)).collect();
    assert_eq!(found, [(id(1), 8, 0), (id(3), 8, 0)], "the schedule begins anew, the count goes on");
    store.forget_subscriber(MAIN, "crm", NOW + 99).await.expect("no fault");
    assert_eq!(counts().await, (0, 1));

    posted(&store, 4, &["erp"]).await;
    let missed = store.missed_messages(MAIN, "crm", NOW, None, 10).await.expect("no fault");
    assert_eq!(missed.iter().map(|row| row.id).collect::<Vec<_>>(), [id(4)]);
    let none = store.missed_messages(MAIN, "crm", NOW, Some(id(4)), 10).await.expect("no fault");
    assert_eq!(none, []);

    assert_eq!(store.expire_messages(MAIN, NOW + 9, 2).await.expect("no fault"), 2);
    assert_eq!(store.expire_messages(MAIN, NOW + 9, 2).await.expect("no fault"), 1, "one still waits for `erp`");
    let left = store.deliveries(MAIN, DeliveryFilter::default(), 10).await.expect("no fault");
    assert_eq!(left.iter().map(|row| row.message).collect::<Vec<_>>(), [id(4)]);
}

async fn subscribers(store: Store) {
    assert_eq!(store.known_subscriber(MAIN, "crm").await.expect("no fault"), None);
    let first = store.subscriber(MAIN, "crm", vec![1; 24], NOW).await.expect("no fault");
    let second = store.subscriber(MAIN, "crm", vec![2; 24], NOW + 1).await.expect("no fault");
    assert_eq!((&first.salt, &second), (&vec![1; 24], &first));
    assert_eq!((first.state, first.failures), (SubscriberState::Delivering, 0));

    let mut row = first.clone();
    (row.state, row.state_at, row.failures) = (SubscriberState::Paused, NOW + 5, 3);
    (row.failing_since, row.probe_at, row.reason) = (Some(NOW), Some(NOW + 60), Some("it answered 500".into()));
    row.salt = vec![9; 24];
    store.put_subscribers(vec![(MAIN, "crm".into(), row.clone())]).await.expect("no fault");
    row.salt = vec![1; 24];
    assert_eq!(store.known_subscriber(MAIN, "crm").await.expect("no fault"), Some(row), "but for the salt");

    let change = KeyChange { salt: vec![3; 24], previous_until: Some(NOW + 100) };
    store.change_subscriber_key(MAIN, "crm", change).await.expect("no fault");
    let row = store.known_subscriber(MAIN, "crm").await.expect("no fault").expect("it is there");
    assert_eq!((row.salt, row.previous), (vec![3; 24], Some((vec![1; 24], NOW + 100))));
    let change = KeyChange { salt: vec![4; 24], previous_until: None };
    store.change_subscriber_key(MAIN, "crm", change.clone()).await.expect("no fault");
    let row = store.known_subscriber(MAIN, "crm").await.expect("no fault").expect("it is there");
    assert_eq!((row.salt, row.previous), (vec![4; 24], None));
    assert!(store.change_subscriber_key(MAIN, "erp", change).await.is_err());

    posted(&store, 1, &["crm"]).await;
    store.forget_subscriber(MAIN, "crm", NOW + 7).await.expect("no fault");
    assert_eq!(store.known_subscriber(MAIN, "crm").await.expect("no fault"), None);
    let (row, _) = store.delivery(MAIN, id(1), "crm").await.expect("no fault").expect("it is there");
    assert_eq!((row.status, row.ended_at), (DeliveryStatus::Dropped, Some(NOW + 7)));
}

async fn arrivals(store: Store) {
    let came = |number: u64, workflow: &str, verdict: ArrivalVerdict| Arrival {
        scope: MAIN,
        id: ArrivalId::from_parts(NOW as u64 + number, number.into()),
        workflow: workflow.into(),
        node: "Start".into(),
        method: "POST".into(),
        target: "/hooks/main/prod/orders?a=1".into(),
        headers: r#"[["content-type","application/json"]]"#.into(),
        sender: "127.0.0.1".into(),
        body: (verdict != ArrivalVerdict::Refused).then(|| (&b"{}"[..]).into()),
        verdict,
        code: (verdict == ArrivalVerdict::Refused).then(|| "FP0602".into()),
        reason: (verdict == ArrivalVerdict::Refused).then(|| "signature_mismatch".into()),
        run: (verdict == ArrivalVerdict::Accepted).then_some(RunId(number.into())),
        endpoint: String::new(),
        runs: Vec::new(),
    };
    let all = [
        came(1, "orders", ArrivalVerdict::Accepted),
        came(2, "orders", ArrivalVerdict::Refused),
        came(3, "others", ArrivalVerdict::Known),
        came(4, "orders", ArrivalVerdict::Answered),
    ];
    // Two pages that overlap, as two processes write them, and one for each of the others.
    for page in [vec![all[0].clone(), all[2].clone()], vec![all[1].clone()], vec![all[3].clone()]] {
        store.add_arrivals(page).await.expect("no fault");
    }
    assert_eq!(store.arrival(MAIN, all[1].id).await.expect("no fault").as_ref(), Some(&all[1]));
    assert_eq!(store.arrival(MAIN, ArrivalId(1)).await.expect("no fault"), None);
    let list = async |filter: ArrivalFilter| {
        let rows = store.arrivals(MAIN, filter, 10).await.expect("no fault");
        rows.iter().map(|row| row.id.0 as u8).collect::<Vec<_>>()
    };
    let of = |workflow: &str| ArrivalFilter { workflow: Some(workflow.into()), ..ArrivalFilter::default() };
    assert_eq!(list(ArrivalFilter::default()).await, [4, 3, 2, 1]);
    assert_eq!(list(of("orders")).await, [4, 2, 1]);
    let refused = ArrivalFilter { verdict: Some(ArrivalVerdict::Refused), ..ArrivalFilter::default() };
    assert_eq!(list(refused).await, [2]);
    assert_eq!(list(ArrivalFilter { before: Some(all[3].id), ..of("orders") }).await, [2, 1]);
    assert_eq!(list(ArrivalFilter { after: Some(all[1].id), oldest_first: true, ..<_>::default() }).await, [3, 4]);
    assert_eq!(list(ArrivalFilter { since: Some(NOW + 2), until: Some(NOW + 4), ..<_>::default() }).await, [3, 2]);
    let (newest, oldest) = (ArrivalFilter::default(), ArrivalFilter { oldest_first: true, ..<_>::default() });
    for limit in 1..4 {
        let rows = store.arrivals(MAIN, newest.clone(), limit).await.expect("no fault");
        assert_eq!(rows.iter().map(|row| row.id.0 as u8).collect::<Vec<_>>(), [4, 3, 2][..limit]);
        let rows = store.arrivals(MAIN, oldest.clone(), limit).await.expect("no fault");
        assert_eq!(rows.iter().map(|row| row.id.0 as u8).collect::<Vec<_>>(), [1, 2, 3][..limit]);
    }
    assert_eq!(store.expire_arrivals(MAIN, NOW + 3, 100, 10).await.expect("no fault"), 1, "the page of the second");
    assert_eq!(list(ArrivalFilter::default()).await, [4, 3, 1]);
    assert_eq!(store.expire_arrivals(MAIN, NOW, 2, 10).await.expect("no fault"), 0, "a page is dropped as a whole");
    assert_eq!(store.expire_arrivals(MAIN, NOW, 1, 10).await.expect("no fault"), 1, "the newest is kept");
    assert_eq!(list(ArrivalFilter::default()).await, [4]);
    // Many at once, more than a page holds.
    let many: Vec<Arrival> = (10..1_500).map(|number| came(number, "many", ArrivalVerdict::Accepted)).collect();
    store.add_arrivals(many.clone()).await.expect("no fault");
    let rows = store.arrivals(MAIN, ArrivalFilter { oldest_first: true, ..of("many") }, 2_000).await.expect("no fault");
    assert!(rows == many, "{} of {}", rows.len(), many.len());
    assert_eq!(store.expire_arrivals(MAIN, NOW, 0, 100).await.expect("no fault"), 4);
    let runs = vec![("audit".to_owned(), RunId(5)), ("orders".to_owned(), RunId(6))];
    let given = Arrival { endpoint: "shop".into(), runs, ..came(5, "audit", ArrivalVerdict::Accepted) };
    store.add_arrivals(vec![given.clone()]).await.expect("no fault");
    assert_eq!(store.arrival(MAIN, given.id).await.expect("no fault").as_ref(), Some(&given));
    assert_eq!(list(of("orders")).await, [5], "whatever else an endpoint gave it to");
    assert!(list(of("order")).await.is_empty());
    let endpoint = |name: &str| ArrivalFilter { endpoint: Some(name.into()), ..ArrivalFilter::default() };
    assert_eq!((list(endpoint("shop")).await, list(endpoint("crm")).await), (vec![5], vec![]));
}
