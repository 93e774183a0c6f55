//! The configuration in the form that a user pastes.

use std::fmt::Write;

use super::settings::Setting;

/// Returns a function that builds the configuration, with its imports.
pub(super) fn paste(setting: &Setting) -> String {
    let mut text = String::from("use core::time::Duration;\n");
    for policy in ["Fixed", "Target"] {
        if setting.type_name.contains(policy) {
            // writing to a String cannot fail, here and below
            let _ = writeln!(text, "use systole::pacing::{policy};");
        }
    }
    let retries = if setting.code.contains("Retries") {
        ", Retries"
    } else {
        ""
    };
    let _ = writeln!(text, "use systole::{{Config, ConfigError{retries}}};\n");
    let _ = writeln!(
        text,
        "fn config() -> Result<{}, ConfigError> {{",
        setting.type_name
    );
    for line in setting.code.lines() {
        let _ = writeln!(text, "    {line}");
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::settings::settings;
    use super::*;
    use crate::judge::Ours;

    /// The printed code equals the code in these files, which is compiled here.
    macro_rules! pasted {
        ($name:ident, $file:literal, $setting:literal) => {
            mod $name {
                include!($file);

                #[test]
                fn is_what_is_printed() {
                    super::check(
                        $setting,
                        include_str!($file),
                        config().unwrap().stated_bound(),
                    );
                }
            }
        };
    }

    fn check(name: &str, text: &str, bound: Option<Duration>) {
        let asked = Ours {
            detect_within: BOUND,
            mistakes_at_most_one_per: Duration::from_secs(86_400),
        };
        let all = settings(asked).unwrap();
        let found = all.iter().find(|(setting, _)| setting.name == name);
        assert_eq!(paste(&found.unwrap().0), text);
        assert_eq!(bound, Some(BOUND));
    }

    const BOUND: Duration = Duration::from_secs(10);

    pasted!(
        target,
        "paste/target.rs",
        "Config::target, a mistake in 8 h"
    );
    pasted!(
        every,
        "paste/every.rs",
        "Config::every 2.5 s, timeout 400 ms, Retries::exponential(2)"
    );
    pasted!(
        fixed,
        "paste/fixed.rs",
        "Config::fixed 700 ms, timeout 1 s, Retries::closing(4)"
    );
}
