//! Each mutant on for the tests that reach it, until one notices.

use std::collections::BTreeSet;
use std::path::Path;

use crate::list::Mutant;
use crate::test::Test;

/// Prints, and gives, those that no test notices.
pub(crate) fn survivors(
    tree: &Path,
    mutants: &[Mutant],
    unviable: &BTreeSet<usize>,
    tests: &[Test],
) -> Vec<usize> {
    let viable = (0..mutants.len()).filter(|mutant| !unviable.contains(mutant));
    viable
        .filter(|&mutant| survives(tree, mutant, &mutants[mutant].name, tests))
        .collect()
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
