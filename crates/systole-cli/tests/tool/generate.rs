//! `systole generate`: manual pages and completions that know every command and option.

use crate::tool::tool;

fn generated(what: &[&str]) -> (String, Option<i32>) {
    let output = tool().arg("generate").args(what).output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

#[test]
fn every_command_has_a_manual_page() {
    let (page, status) = generated(&["man"]);
    assert_eq!(status, Some(0));
    assert!(page.contains(".TH systole 1"), "{page}");
    for command in ["watch", "check", "record", "replay", "tune"] {
        assert!(page.contains(command), "{command}");
        let (page, _) = generated(&["man", command]);
        assert!(page.contains(&format!(".TH systole-{command} 1")), "{page}");
    }
    assert!(generated(&["man", "watch"]).0.contains("events\\-only"));
    assert_eq!(generated(&["man", "unwatch"]).1, Some(2));
}

#[test]
fn shells_complete_every_option() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (script, status) = generated(&[shell]);
        assert_eq!(status, Some(0), "{shell}");
        assert!(script.contains("events-only"), "{shell}");
    }
}
