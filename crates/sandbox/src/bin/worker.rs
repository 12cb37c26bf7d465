//! A child for this crate's tests and benches; see `sandbox::worker_main`.

fn main() {
    sandbox::worker_main(std::env::args().skip(2))
}
