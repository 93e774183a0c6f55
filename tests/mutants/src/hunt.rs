//! Each mutant on for the tests that reach it, until one notices.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::thread::{self, available_parallelism};

use crate::list::Mutant;
use crate::test::Test;

/// Prints, and counts, those that no test notices. One at a time on each processor.
pub(crate) fn survivors(
    tree: &Path,
    mutants: &[Mutant],
    unviable: &BTreeSet<usize>,
    tests: &[Test],
) -> usize {
    let viable = (0..mutants.len()).filter(|mutant| !unviable.contains(mutant));
    let queue = Mutex::new(viable);
    let next = || queue.lock().ok()?.next();
    let hunt = || {
        let survive = |&mutant: &usize| survives(tree, mutant, &mutants[mutant].name, tests);
        core::iter::from_fn(next).filter(survive).count()
    };
    let processors = available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let hunters: Vec<_> = (0..processors).map(|_| scope.spawn(hunt)).collect();
        let counts = hunters.into_iter().map(|hunter| hunter.join().unwrap_or(0));
        counts.sum()
    })
}

fn survives(tree: &Path, mutant: usize, name: &str, tests: &[Test]) -> bool {
    let mut reaching = tests.iter().filter(|test| test.reaches(mutant)).peekable();
    if reaching.peek().is_none() {
        println!("UNREACHED {name}");
        return true;
    }
    let survives = !reaching.any(|test| test.notices(tree, mutant));
    if survives {
        println!("MISSED {name}");
    }
    survives
}
