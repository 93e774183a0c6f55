use super::*;

#[test]
fn any_value_but_a_reply_is_a_plain_reply() {
    let wait = Duration::from_secs(3);
    assert_eq!(
        Reply::of(&Reply::Pushback { wait }),
        Reply::Pushback { wait }
    );
    assert_eq!(Reply::of(&Reply::FlowLost), Reply::FlowLost);
    assert_eq!(Reply::of(&()), Reply::Ok);
    assert_eq!(Reply::of(&(7_usize, "seven")), Reply::Ok);
}
