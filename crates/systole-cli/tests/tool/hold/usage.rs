//! What is refused, before anything is waited for.

use super::hold;

#[test]
fn a_mistake_is_told_in_one_line_with_what_is_allowed_and_an_example() {
    let lease = "redis://127.0.0.1:1/nightly";
    for (arguments, code, words) in [
        (&[] as &[&str], 125, "redis://localhost/nightly"),
        (&[lease], 125, "there is no command"),
        (&[lease, "--"], 125, "there is no command"),
        (
            &[lease, "--ttl", "0s", "true"],
            125,
            "--ttl 0s is out of range: 1s to 98302s; for example --ttl 10s",
        ),
        (&[lease, "--ttl", "98303s", "true"], 125, "1s to 98302s"),
        (
            &[lease, "--grace", "12s", "true"],
            125,
            "at most half of it, 5s; for example --ttl 48s --grace 12s",
        ),
        (&["redis://h/", "true"], 125, "its name is empty"),
        (
            &["redis://h", "true"],
            125,
            "for example redis://localhost/nightly",
        ),
        (&["gopher://h/x", "true"], 125, "its scheme is one of"),
        (
            &["redis://h/x#role=replica", "true"],
            125,
            "this is no lease: an option is unknown; redis has user, password_env",
        ),
        (
            &["redis://h/x#user=", "true"],
            125,
            "this is no lease: the option user needs a value",
        ),
        (
            &["redis://me:pw@h/x", "true"],
            125,
            "this is no lease: the list of processes would show its password",
        ),
        (
            &[lease, "no-such-program"],
            127,
            "no-such-program is not found",
        ),
        (&[lease, "/no/such/program"], 127, "No such file"),
        (&[lease, "/etc/passwd"], 126, "no file that can be executed"),
    ] {
        let (status, output, errors) = hold(arguments);
        assert_eq!((status, &*output), (code, ""), "{arguments:?}: {errors}");
        assert!(errors.contains(words), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn what_is_no_option_has_the_same_exit_status() {
    let (status, _, errors) = hold(["--no-such-option"]);
    assert_eq!(status, 125, "{errors}");
    let (status, output, _) = hold(["--help"]);
    assert_eq!(status, 0);
    assert!(
        output.contains("SYSTOLE_FENCE_FILE") && output.contains("123 if"),
        "{output}"
    );
}

#[test]
fn no_mistake_shows_a_password() {
    for lease in [
        "redis://:hunter2@h/x",
        "redis://h/x#password=hunter2",
        "redis://me:hunter2@h",
        "gopher://me:hunter2@h/x",
        "hunter2",
    ] {
        let (status, _, errors) = hold([lease, "true"]);
        assert_eq!(status, 125);
        assert!(!errors.contains("hunter2"), "{errors}");
    }
}
