//! Joints: the rows at which another run was appended.

use alloc::string::ToString;
use alloc::vec::Vec;
use std::io::BufRead;

use super::TraceError;

/// The header note that lists the joints.
pub(super) const JOINTS_NOTE: &str = "zero-based row indices at which a new run begins: ";

/// Returns the joints that a header line lists.
pub(super) fn joints_of(comment: &str) -> impl Iterator<Item = usize> {
    let list = comment.split_once(JOINTS_NOTE).map(|(_, list)| list);
    let list = list.and_then(|list| list.split_whitespace().next());
    list.unwrap_or_default()
        .split(',')
        .filter_map(|at| at.parse().ok())
}

/// Reads a list of joints, one row number per line.
pub(super) fn read_joints(from: impl BufRead) -> Result<Vec<usize>, TraceError> {
    let mut joints = Vec::new();
    for (number, text) in (1..).zip(from.lines()) {
        let text = text?;
        if !text.trim().is_empty() {
            let joint = text.trim().parse();
            joints.push(joint.map_err(|_| TraceError::Line {
                line: number,
                problem: "expected the number of a row at which a run begins".to_string(),
            })?);
        }
    }
    Ok(joints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joints_of_their_own_file() {
        assert_eq!(
            read_joints("150\r\n300\n\n".as_bytes()).unwrap(),
            [150, 300]
        );
        assert!(matches!(
            read_joints("150\nx".as_bytes()),
            Err(TraceError::Line { line: 2, .. })
        ));
    }
}
