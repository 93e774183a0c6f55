//! Text that a peer sent, made fit for a terminal and a log.

/// The most bytes of a text that are shown.
const LENGTH_MAX: usize = 200;

/// Returns `text` in one line of at most 200 bytes. Control characters (C0, C1) and characters that
/// reorder or hide text are written as escapes.
pub(crate) fn plain_text(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        let before = plain.len();
        if is_unfit(character) {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
        if plain.len() > LENGTH_MAX {
            plain.truncate(before);
            cut(&mut plain);
            return plain;
        }
    }
    plain
}

/// Ends a text that is too long with an ellipsis.
fn cut(plain: &mut String) {
    while plain.len() + '…'.len_utf8() > LENGTH_MAX {
        plain.pop();
    }
    plain.push('…');
}

fn is_unfit(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_or_reorder_text_is_escaped() {
        assert_eq!(plain_text("LOADING Redis é 日本"), "LOADING Redis é 日本");
        assert_eq!(
            plain_text("a\x1b[2Jb\r\n\u{9b}31m\u{202e}c\u{7f}"),
            "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{9b}31m\\u{202e}c\\u{7f}"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        for text in ["x".repeat(201), "日".repeat(100), "\x1b".repeat(1_000)] {
            let plain = plain_text(&text);
            assert!(plain.len() <= LENGTH_MAX && plain.len() > 190, "{plain}");
            assert!(plain.ends_with('…'));
        }
        assert_eq!(plain_text(&"x".repeat(200)).len(), 200);
    }
}
