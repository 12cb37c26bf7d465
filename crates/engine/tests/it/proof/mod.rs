//! The proof of the machine: random histories against a naive model, recovery from prefixes, other completions, and
//! mutants that all of it must find.
//!
//! `FISHPLATE_HISTORIES` sets the number of histories (100,000 when absent), `FISHPLATE_SEED` runs one seed again.

mod acts;
mod check;
mod data;
mod driver;
mod mutants;
mod naive;
mod outside;
mod rng;
mod scenario;

use scenario::Scenario;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A failing seed, with the least that still fails.
fn shrunk(seed: u64, mut breach: String) -> String {
    let mut scenario = Scenario::generate(seed);
    let patience = std::cell::Cell::new(2_000i32);
    let fails = |smaller: Scenario| {
        patience.set(patience.get() - 1);
        let tried = if patience.get() > 0 { check::histories(seed, &smaller, None) } else { Ok(0) };
        tried.err().map(|breach| (smaller, breach))
    };
    while let Some((smaller, text)) = scenario.smaller().into_iter().find_map(fails) {
        (scenario, breach) = (smaller, text);
    }
    format!("seed {seed}: {breach}")
}

/// Runs seeds on two threads until so many histories were run; gives the number, or the first failure.
fn explore(first: u64, wanted: usize, mutant: Option<mutants::Mutant>) -> Result<usize, String> {
    let (seed, done, stop) = (AtomicU64::new(first), AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while done.load(Ordering::Relaxed) < wanted && !stop.load(Ordering::Relaxed) {
            let seed = seed.fetch_add(1, Ordering::Relaxed);
            match check::histories(seed, &Scenario::generate(seed), mutant) {
                Ok(count) => done.fetch_add(count, Ordering::Relaxed),
                Err(breach) => {
                    stop.store(true, Ordering::Relaxed);
                    return Err((seed, breach));
                }
            };
        }
        Ok(())
    };
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    match results.into_iter().find_map(Result::err) {
        Some((seed, breach)) if mutant.is_none() => Err(shrunk(seed, breach)),
        Some((seed, breach)) => Err(format!("seed {seed}: {breach}")),
        None => Ok(done.into_inner()),
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.replace('_', "").parse().ok())
}

#[test]
fn histories_come_to_what_the_model_says() {
    if let Some(seed) = number("FISHPLATE_SEED") {
        if let Err(breach) = check::histories(seed, &Scenario::generate(seed), None) {
            panic!("{}", shrunk(seed, breach));
        }
        return;
    }
    let wanted = number("FISHPLATE_HISTORIES").unwrap_or(100_000) as usize;
    match explore(1, wanted, None) {
        Ok(count) => println!("{count} histories"),
        Err(breach) => panic!("{breach}"),
    }
}

#[test]
fn every_mutant_is_found() {
    let mut alive = Vec::new();
    for mutant in mutants::ALL {
        let begun = std::time::Instant::now();
        match explore(1, 2_000, Some(*mutant)) {
            Ok(_) => alive.push(format!("{mutant:?}")),
            Err(breach) => println!("{mutant:?} {:?}: {}", begun.elapsed(), breach.lines().next().unwrap_or_default()),
        }
    }
    assert!(alive.is_empty(), "not found: {}", alive.join(", "));
}
