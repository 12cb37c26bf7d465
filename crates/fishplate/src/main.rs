//! The binary: configuration, the list of parts, the resource service and its API, start and stop order, and the
//! command line.
//!
//! It knows every other crate, and none knows it. Start reading at [`cli`] for what people may ask, at [`serve`] for
//! how a server is put together, at [`resources`] for the one write path of everything that is configured.

mod api;
#[cfg(feature = "ui")]
mod app;
mod backup;
mod cli;
mod deliveries;
mod entrance;
mod household;
mod keeper;
mod kinds;
mod memory;
mod metrics;
mod node;
mod parts;
mod peer;
mod presence;
mod registers;
mod rehearsals;
mod resources;
mod run_feed;
mod serve;
mod shadow;
mod transfer;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    memory::use_small_pages();
    // A sandbox child must seal itself off before anything else of this program runs.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(sandbox::worker::ARGUMENT) {
        sandbox::worker_main(arguments);
        return std::process::ExitCode::SUCCESS;
    }
    cli::main().into()
}
