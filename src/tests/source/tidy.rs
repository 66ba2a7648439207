//! The house rules that a formatter cannot keep.

use crate::source::files::{Source, root, rust};
use std::collections::BTreeSet;

const FILE_LINES_MAX: usize = 400;
const LINE_CHARS_MAX: usize = 100;
const CSS_LINES_MAX: usize = 900;

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn files_are_one_idea_long() {
    let too_long = |s: &Source| s.text.lines().count() > FILE_LINES_MAX;
    assert_none(rust().iter().filter(|s| too_long(s)).map(|s| s.path.clone()).collect());
}

#[test]
fn lines_fit_beside_each_other() {
    let mut found = Vec::new();
    for source in rust() {
        for (i, line) in source.text.lines().enumerate() {
            // A sentence for people may stand on one line; splitting it would hide it from a search.
            let is_text = line.contains('"') || line.trim_start().starts_with("//");
            if line.chars().count() > LINE_CHARS_MAX && !is_text {
                found.push(format!("{}:{}", source.path, i + 1));
            }
        }
    }
    assert_none(found);
}

/// C2.5: there is no word for a way round.
#[test]
fn banned_words_have_a_replacement() {
    let banned = [
        ("todo!", "write it"),
        ("unimplemented!", "write it"),
        ("dbg!", "a test"),
        ("#[ignore", "a test that runs"),
        ("FIXME", "an issue"),
        ("inner_html", "a view, which escapes"),
        ("style=\"", "a class: the content security policy blocks inline styles"),
        ("#[should_panic", "expect_err"),
        ("--force", "there is no force"),
    ];
    let mut found = Vec::new();
    for source in rust().into_iter().filter(|s| s.room() != Some("tests")) {
        for (number, line) in source.code() {
            for (word, instead) in banned {
                if line.contains(word) {
                    found
                        .push(format!("{}:{number}: {word} is banned, use {instead}", source.path));
                }
            }
        }
    }
    assert_none(found);
}

#[test]
fn every_door_says_what_its_room_is_for() {
    let opens = |s: &Source| s.text.starts_with("//!");
    assert_none(rust().iter().filter(|s| !opens(s)).map(|s| s.path.clone()).collect());
}

#[test]
fn no_module_is_called_mod_outside_the_tests() {
    let strays: Vec<_> = rust()
        .into_iter()
        .map(|s| s.path)
        .filter(|path| path.ends_with("/mod.rs") && path != "src/tests/mod.rs")
        .collect();
    assert_none(strays);
}

/// C2.2.
#[test]
fn no_sentence_reassures_or_recommends() {
    // C2.2: facts with source and age, never a judgement on behalf of the operator.
    let banned =
        ["recommend", "looks good", "all good", "healthy", "don't worry", "best candidate"];
    let mut found = Vec::new();
    for source in rust().into_iter().filter(|s| s.room() == Some("ui")) {
        for (number, line) in source.code() {
            let low = line.to_lowercase();
            if banned.iter().any(|word| low.contains(word)) {
                found.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert_none(found);
}

#[test]
fn both_configuration_files_agree_on_what_they_share() {
    let read = |file: &str| {
        let path = root().join(file);
        leptos::config::get_configuration(path.to_str()).expect(file).leptos_options
    };
    let (cargo, own) = (read("Cargo.toml"), read("Leptos.toml"));
    assert_eq!(cargo.output_name, own.output_name);
    assert_eq!(cargo.site_root, own.site_root);
    assert_eq!(cargo.site_pkg_dir, own.site_pkg_dir);
    assert_eq!(cargo.site_addr, own.site_addr);
    assert_eq!(cargo.hash_files, own.hash_files);
}

#[test]
fn the_style_sheet_is_short_layered_and_free_of_shortcuts() {
    let css = std::fs::read_to_string(root().join("style/main.css")).expect("a style sheet");
    assert!(css.lines().count() <= CSS_LINES_MAX, "{} lines", css.lines().count());
    assert!(css.contains("@layer tokens, base, layout, components, pages;"));
    for banned in ["!important", "http://", "https://", "@import"] {
        assert!(!css.contains(banned), "{banned}");
    }
}

#[test]
fn every_class_in_the_style_sheet_is_used_and_every_class_used_is_styled() {
    let css = std::fs::read_to_string(root().join("style/main.css")).expect("a style sheet");
    let styled = names_after(&css, '.');
    let mut used = BTreeSet::new();
    for source in rust().into_iter().filter(|s| s.room() == Some("ui")) {
        for part in source.text.split("class=\"").skip(1) {
            let list = part.split('"').next().unwrap_or_default();
            used.extend(list.split_whitespace().map(str::to_owned));
        }
    }
    let unstyled: Vec<_> = used.difference(&styled).cloned().collect();
    let unused: Vec<_> = styled.difference(&used).cloned().collect();
    assert!(unstyled.is_empty() && unused.is_empty(), "unstyled {unstyled:?}, unused {unused:?}");
}

/// The names that follow a mark and begin with a letter, such as the classes of a style sheet.
fn names_after(text: &str, mark: char) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(mark)
        .skip(1)
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|rest| rest.chars().take_while(|c| is_name(*c)).collect())
        .collect()
}
