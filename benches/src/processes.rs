//! What a server costs, read from `/proc`: CPU time and memory of a process and everything below it.

use std::fs;
use std::time::Duration;

/// Ticks of `/proc/<pid>/stat` in a second: `USER_HZ`, which is 100 on every Linux that we run on.
const TICKS: u64 = 100;

/// Processes whose cost is counted together, named by their roots.
#[derive(Clone, Debug, Default)]
pub struct Processes(Vec<u32>);

impl Processes {
    /// The trees below these processes.
    pub fn below(roots: impl IntoIterator<Item = u32>) -> Processes {
        Processes(roots.into_iter().collect())
    }

    /// All processes of the trees, the roots included.
    pub fn all(&self) -> Vec<u32> {
        let mut all = Vec::new();
        let mut open = self.0.clone();
        while let Some(process) = open.pop() {
            all.push(process);
            for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
                let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
                open.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// CPU time that they used, user and system, children that ended included.
    pub fn cpu(&self) -> Duration {
        let ticks: u64 = self.all().into_iter().filter_map(ticks).sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// Resident memory in bytes; pages that several of them share count once (PSS).
    pub fn memory(&self) -> u64 {
        self.all().into_iter().filter_map(|process| kilobytes(&format!("/proc/{process}/smaps_rollup"), "Pss:")).sum()
    }

    /// The most resident memory in bytes that each of them ever had since [`Processes::forget_peak`], summed.
    pub fn peak(&self) -> u64 {
        self.all().into_iter().filter_map(|process| kilobytes(&format!("/proc/{process}/status"), "VmHWM:")).sum()
    }

    /// Lets [`Processes::peak`] begin anew.
    pub fn forget_peak(&self) {
        for process in self.all() {
            // Refused where the kernel does not know it; the peak then counts from the start of the process.
            let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
        }
    }

    /// Waits until they use less than a tenth of a core, so that what one case left behind is paid by that case.
    pub fn settle(&self) {
        let pause = Duration::from_millis(250);
        let mut before = self.cpu();
        for _ in 0..120 {
            std::thread::sleep(pause);
            let now = self.cpu();
            if now.saturating_sub(before) < pause / 10 {
                return;
            }
            before = now;
        }
    }
}

fn ticks(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses and may hold anything; behind it, fields 14 to 17 are the times.
    let fields = text.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    fields.map(|field| field.parse::<u64>().ok()).sum()
}

fn kilobytes(path: &str, field: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The machine's load average over the last minute.
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_peak_above_it() {
        let own = Processes::below([std::process::id()]);
        assert!(own.all().contains(&std::process::id()));
        assert!(own.memory() > 0);
        assert!(own.peak() > 0);
        assert!(ticks(std::process::id()).is_some());
    }
}
