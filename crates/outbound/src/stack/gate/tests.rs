use super::*;
use model::HumanDuration;

fn limit(calls: u32, seconds: u64) -> Option<RateLimit> {
    Some(RateLimit { calls, per: HumanDuration(Duration::from_secs(seconds)) })
}

fn anyone() -> Caller {
    Caller { flow: 0, ticket: None, spare: false }
}

fn call(flow: u64, ticket: u64) -> Caller {
    Caller { flow, ticket: Some(flow << 32 | ticket), spare: false }
}

const BUDGET: Duration = Duration::from_secs(2);

fn gate() -> Arc<Gate> {
    Arc::new(Gate::new(Instant::now()))
}

/// Calls until it is served, as the engine does; gives when.
async fn until_served(gate: Arc<Gate>, caller: Caller, limit: Option<RateLimit>) -> Instant {
    loop {
        match gate.enter(caller, limit, BUDGET).await {
            Ok(_) => return Instant::now(),
            Err(postponed) => tokio::time::sleep(postponed.after).await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_passes_then_places_are_handed_out_in_order() {
    let gate = gate();
    let began = Instant::now();
    let calls = (0..4).map(async |_| {
        gate.enter(anyone(), limit(2, 2), BUDGET).await.unwrap();
        began.elapsed().as_secs()
    });
    let waits = futures_util::future::join_all(calls).await;
    assert_eq!(waits, [0, 0, 1, 2]);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(gate.enter(anyone(), limit(2, 2), Duration::ZERO).await.is_ok(), "the allowance came back");
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_until_it_is_over() {
    let gate = gate();
    gate.pause(Duration::from_secs(30));
    let told = gate.enter(anyone(), None, BUDGET).await.unwrap_err();
    assert_eq!(told, Postponed { after: Duration::from_secs(30), reason: LaterReason::Paused });
    gate.pause(Duration::from_secs(1));
    assert_eq!(gate.look().paused, Some(Duration::from_secs(30)), "a shorter one is no relief");
    tokio::time::advance(Duration::from_secs(30)).await;
    assert!(gate.enter(anyone(), None, Duration::ZERO).await.is_ok());
    assert!(gate.is_open() && gate.look().waiting == 0);
}

#[tokio::test(start_paused = true)]
async fn postponed_calls_come_back_spread_out_and_keep_their_places() {
    let gate = gate();
    let ten = limit(10, 1);
    let mut told = Vec::new();
    for number in 0..100 {
        match gate.enter(call(1, number), ten, Duration::ZERO).await {
            Ok(_) => assert!(number < 10),
            Err(postponed) => told.push((number, postponed.after)),
        }
    }
    assert_eq!((told.len(), gate.look().waiting), (90, 90));
    assert!(told.is_sorted_by(|one, next| one.1 < next.1), "no two at one time: {told:?}");
    let last = told[89].1;
    assert!((Duration::from_millis(8300)..Duration::from_millis(9100)).contains(&last), "{last:?}");
    // A call that comes meanwhile is told a time after theirs, and each of them is served at its first return.
    let new = gate.enter(call(1, 1000), ten, Duration::ZERO).await.unwrap_err();
    assert!(new.after > last);
    let began = Instant::now();
    for (number, after) in told {
        tokio::time::sleep_until(began + after).await;
        gate.enter(call(1, number), ten, BUDGET).await.unwrap();
        assert!(began.elapsed() <= Duration::from_millis(100 * (number - 8)), "{number} at {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_does_not_wait_for_the_ten_thousand_of_another_flow() {
    let gate = gate();
    let hundred = limit(100, 1);
    let crowd: Vec<_> =
        (0..10_000).map(|number| tokio::spawn(until_served(gate.clone(), call(1, number), hundred))).collect();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let began = Instant::now();
    let served = until_served(gate.clone(), call(2, 1), hundred).await;
    assert!(served - began <= Duration::from_millis(30), "it was served after {:?}", served - began);
    // A flow that comes later shares evenly from then on.
    let second: Vec<_> =
        (0..1000).map(|number| tokio::spawn(until_served(gate.clone(), call(3, number), hundred))).collect();
    let mut last = began;
    for call in second {
        last = last.max(call.await.unwrap());
    }
    let took = (last - began).as_secs_f64();
    assert!((19.0..21.5).contains(&took), "half of the places were its own: {took} s for 1000");
    let mut end = began;
    for call in crowd {
        end = end.max(call.await.unwrap());
    }
    let took = (end - began).as_secs_f64() + 20.0;
    assert!((109.0..111.0).contains(&took), "no place was lost: 11001 calls in {took} s");
    assert_eq!(gate.look().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_line() {
    let gate = gate();
    let one = limit(1, 1);
    gate.enter(call(1, 0), one, BUDGET).await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(500), gate.enter(call(1, 1), one, BUDGET));
    let second = gate.enter(call(1, 2), one, BUDGET);
    let began = Instant::now();
    let (given_up, second) = tokio::join!(given_up, second);
    assert!(given_up.is_err() && second.is_ok());
    assert_eq!(began.elapsed(), Duration::from_secs(1), "it has the place of the one who left");
    assert_eq!(gate.look().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn who_never_comes_back_is_given_up() {
    let gate = gate();
    for number in 0..50 {
        let _ = gate.enter(call(1, number), limit(1, 1), Duration::ZERO).await;
    }
    assert_eq!(gate.look().waiting, 49);
    tokio::time::advance(Duration::from_secs(100)).await;
    assert!(gate.enter(call(2, 1), limit(1, 1), Duration::ZERO).await.is_ok());
    assert_eq!(gate.look().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_name_come_back_one_after_the_other_too() {
    let gate = gate();
    let calls: Vec<_> = (0..50).map(|_| tokio::spawn(until_served(gate.clone(), anyone(), limit(5, 1)))).collect();
    let began = Instant::now();
    let mut served = Vec::new();
    for call in calls {
        served.push((call.await.unwrap() - began).as_millis());
    }
    served.sort_unstable();
    assert_eq!((served[4], served[49]), (0, 9000), "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_was_not_used_is_given_back() {
    let gate = gate();
    let pass = gate.enter(anyone(), limit(1, 60), BUDGET).await.unwrap();
    gate.give_back(&pass);
    assert!(gate.enter(anyone(), limit(1, 60), BUDGET).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stated_quota_lets_its_calls_through_and_makes_the_others_wait() {
    let gate = gate();
    let quota = |remaining| Quota {
        limit: Some(10),
        remaining: Some(remaining),
        reset: Some(Duration::from_secs(60)),
        ..Quota::default()
    };
    gate.stated(&Statement { quotas: vec![quota(3)], ..Statement::default() });
    for _ in 0..3 {
        assert!(gate.enter(anyone(), None, Duration::ZERO).await.is_ok());
    }
    let told = gate.enter(anyone(), None, BUDGET).await.unwrap_err();
    assert_eq!(told, Postponed { after: Duration::from_secs(60), reason: LaterReason::Paused });
    let next = gate.enter(anyone(), None, BUDGET).await.unwrap_err();
    assert!(next.after > told.after);
    let look = gate.look();
    assert_eq!((look.quota.unwrap().remaining, look.waiting), (0, 2));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(gate.enter(anyone(), None, Duration::ZERO).await.is_ok());
}

/// A service that refuses one call of a hundred for no reason, and what is above its limit.
struct Moody {
    left: f64,
    filled: Instant,
    calls: u32,
}

impl Moody {
    fn serves(&mut self, now: Instant) -> bool {
        self.calls += 1;
        self.left = (self.left + (now - self.filled).as_secs_f64() * 100.0).min(100.0);
        self.filled = now;
        let served = !self.calls.is_multiple_of(97) && self.left >= 0.999;
        self.left -= if served { 1.0 } else { 0.0 };
        served
    }
}

async fn until_answered(gate: Arc<Gate>, service: Arc<Mutex<Moody>>, caller: Caller, limit: Option<RateLimit>) -> u32 {
    let mut tries = 0;
    loop {
        tries += 1;
        match gate.enter(caller, limit, BUDGET).await {
            Ok(pass) => {
                let now = Instant::now();
                if service.lock().unwrap().serves(now) {
                    gate.good();
                    return tries;
                }
                gate.refused(now, false, 100.0);
                let again = gate.come_again(caller, Some(&pass), Duration::from_secs(1));
                tokio::time::sleep(again.after).await;
            }
            Err(postponed) => tokio::time::sleep(postponed.after).await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn noise_does_not_slow_a_known_limit_down() {
    let gate = gate();
    let began = Instant::now();
    let service = Arc::new(Mutex::new(Moody { left: 100.0, filled: began, calls: 0 }));
    let calls: Vec<_> = (0..3000)
        .map(|number| {
            tokio::spawn(until_answered(gate.clone(), service.clone(), call(number % 20, number), limit(100, 1)))
        })
        .collect();
    let mut tries = 0;
    for call in calls {
        tries += call.await.unwrap();
    }
    let took = began.elapsed().as_secs_f64();
    assert!(took < 33.0, "3000 calls took {took} s and {tries} tries");
    assert!(tries < 10_000, "{tries}");
}
