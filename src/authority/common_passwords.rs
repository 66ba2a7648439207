//! The passwords that are tried first, as the rules by which people make them: an everyday word or two, changed
//! in a usual way and with a usual ending, walks over a keyboard, and the names of what is signed in to.
//!
//! Rules instead of a file: a guesser has the same ones, and a new name of a cluster needs no new list.

/// Words that passwords are made of, in lower case.
const WORDS: &str = "\
    aaa abc access account adam admin administrator alex alexander amanda andrea andrew \
    angel anthony apple april arsenal asdf asdfgh august austin autumn azerty backup banana \
    barcelona baseball basketball batman blink brandon buster butterfly carlos change \
    changeme charlie cheese chelsea chicken chocolate christmas cluster cocacola coffee \
    company computer console control cookie cooper correct daniel database december default \
    demo diamond dragon eagle elephant engineer eminem enter england family february ferrari \
    flower football freedom friday friends gateway george ginger google guest hannah happy \
    harley hello hockey hunter ihateyou iloveyou internet jackson january jasmine jennifer \
    jessica jesus jordan joshua july june justin killer kubernetes lakers letmein linux \
    liverpool login london london love lovely maggie maintenance manager manchester march \
    marina martin master matrix matthew melissa mercedes merlin michael michelle monday \
    money monitor monkey monster mustang mypass mypassword mysql naruto nature network \
    nicholas nicole ninja november october operator oracle orange pass password patrick \
    peanut pepper phoenix playboy pokemon postgres postgresql prince princess production \
    purple qazwsx qwer qwert qwerty qwertyuiop qwertz rachel rainbow ranger raspberry \
    realmadrid replica robert root samantha samsung saturday secret secure security \
    september server service shadow soccer spiderman spring staging standby starwars \
    steelers storage student sunday summer sunshine superman superuser support switchover \
    sysadmin system taylor teacher temp test testing thomas thunder thursday tigger tiger \
    tinkerbell trustno toor tuesday user vagrant victoria vmware wednesday welcome whatever \
    william windows winter wizard xxx yankees yellow zaq zxcvbn zxcvbnm";

/// What is put behind them.
const ENDINGS: &str = "\
    0 00 000 007 01 02 1 10 11 111 1111 12 123 1234 12345 123456 1234567 12345678 123456789 \
    1234567890 123321 13 1313 1q2w3e 1q2w3e4r 2 21 22 222 2222 23 3 321 33 333 3333 4 4321 \
    44 4444 5 54321 55 5555 6 654321 66 666 6666 69 7 77 777 7777 8 88 888 8888 9 987654321 \
    99 999 9999 a abc me my qwe qwerty x xyz";

/// What people put between a word and its ending, or behind both.
const MARKS: &[char] =
    &['!', '@', '#', '$', '%', '&', '*', '?', '.', ',', '-', '_', '+', '=', ' ', '/'];

/// Years that stand for a birth, an event or now.
const YEARS: std::ops::RangeInclusive<u16> = 1940..=2039;

/// Walks over a keyboard, the alphabet and the digits; each is taken round and round, and backwards.
const WALKS: [&str; 8] = [
    "0123456789",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// Famous ones that no rule makes.
const FAMOUS: [&str; 4] =
    ["correcthorsebatterystaple", "trustno1trustno1", "mynameisinigomontoya", "opensesame1001"];

/// How many words one is made of at most, and how many with a name of the context among them.
const WORDS_MAX: usize = 2;
const WORDS_WITH_NAME_MAX: usize = 3;
/// Characters of the longest year or count between words.
const COUNT_CHARS_MAX: usize = 4;
/// Characters of the longest piece that is called a repetition.
const REPEATED_CHARS_MAX: usize = 6;
/// Characters of the shortest name of the context that counts: a shorter one stands in many words.
const NAME_CHARS_MIN: usize = 3;

/// Whether this is one of the passwords that are tried first for somebody or something of these names.
pub(super) fn is_common(password: &str, names: &[&str]) -> bool {
    let text = password.to_lowercase();
    let names: Vec<String> = names.iter().map(|name| letters(&name.to_lowercase())).collect();
    let names: Vec<&str> =
        names.iter().map(String::as_str).filter(|n| n.len() >= NAME_CHARS_MIN).collect();
    let plain = letters(&text);
    let is_made = |text: &str| FAMOUS.contains(&text) || is_made_of(text, &names);
    is_made(&plain) || is_made(&letters(&unleet(&text))) || is_repetition(&text) || is_walk(&text)
}

/// Without what separates words: a password with spaces is guessed like one without.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !MARKS.contains(c)).collect()
}

/// The letters that digits and signs stand for in passwords.
fn unleet(text: &str) -> String {
    let letter = |c| match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    // What stands at the end is an ending, and means itself.
    let (body, ending) = text.split_at(text.trim_end_matches(|c: char| !c.is_alphabetic()).len());
    format!("{}{ending}", body.chars().map(letter).collect::<String>())
}

/// One short piece, again and again.
fn is_repetition(text: &str) -> bool {
    let all: Vec<char> = text.chars().collect();
    let repeats = |size: usize| all.iter().zip(all.iter().skip(size)).all(|(a, b)| a == b);
    (1..=REPEATED_CHARS_MAX.min(all.len() / 2)).any(repeats)
}

/// A piece of a walk, or two of them.
fn is_walk(text: &str) -> bool {
    let is_part = |text: &str| {
        WALKS.iter().any(|walk| {
            let back: String = walk.chars().rev().collect();
            walk.repeat(3).contains(text) || back.repeat(3).contains(text)
        })
    };
    let halves = text.char_indices().map(|(at, _)| text.split_at(at));
    // A half of one character is none.
    let mut halves = halves.filter(|(a, b)| a.len() >= 3 && b.len() >= 3);
    is_part(text) || halves.any(|(a, b)| is_part(a) && is_part(b))
}

/// A few words, and an ending.
fn is_made_of(text: &str, names: &[&str]) -> bool {
    let is_end = |rest: &str| {
        rest.is_empty()
            || ENDINGS.split_whitespace().any(|ending| ending == rest)
            || rest.parse().is_ok_and(|year: u16| YEARS.contains(&year))
            // Two of them: a year and a one.
            || rest.split_at_checked(4).is_some_and(|(year, end)| {
                year.parse().is_ok_and(|year: u16| YEARS.contains(&year))
                    && ENDINGS.split_whitespace().any(|ending| ending == end)
            })
    };
    let mut rests = vec![(text, 0, false)];
    while let Some((rest, count, named)) = rests.pop() {
        if count > 0 && is_end(rest) {
            return true;
        }
        let most = if named { WORDS_WITH_NAME_MAX } else { WORDS_MAX };
        let next = |word: &str, named| rest.strip_prefix(word).map(|rest| (rest, count + 1, named));
        // Beside a name a year or a count stands anywhere.
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        if named && (1..=COUNT_CHARS_MAX).contains(&digits) {
            rests.extend(rest.split_at_checked(digits).map(|(_, rest)| (rest, count, named)));
        }
        // A name makes room for one more word, which may stand before it.
        if count < WORDS_WITH_NAME_MAX {
            rests.extend(names.iter().filter_map(|name| next(name, true)));
        }
        if count < most {
            rests.extend(WORDS.split_whitespace().filter_map(|word| next(word, named)));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::{NewPassword, PASSWORD_CHARS_MIN};
    use super::*;
    use std::collections::BTreeSet;

    const NAMES: [&str; 3] = ["aerodb", "blue-lagoon", "ada"];

    /// Passwords of one word or two, with one ending or none, in lower case: what the rules refuse at least.
    fn listed(chars_min: usize) -> BTreeSet<String> {
        let words = || WORDS.split_whitespace();
        let endings =
            || ENDINGS.split_whitespace().map(str::to_owned).chain(YEARS.map(|y| y.to_string()));
        let one = words().flat_map(|word| endings().map(move |ending| format!("{word}{ending}")));
        let two = words().map(|word| format!("{word}{word}"));
        let famous = FAMOUS.into_iter().map(str::to_owned);
        one.chain(two).chain(famous).filter(|text| text.chars().count() >= chars_min).collect()
    }

    #[test]
    fn at_least_three_thousand_common_passwords_of_the_allowed_length_are_refused() {
        let listed = listed(PASSWORD_CHARS_MIN);
        assert!(listed.len() >= 3_000, "{}", listed.len());
        for password in listed {
            NewPassword::parse(&password, &[]).expect_err(&password);
        }
    }

    #[test]
    fn a_common_password_in_another_dress_is_refused() {
        for common in [
            "PassWord1234",
            "p@ssw0rd1234",
            "P4$$w0rd2024!",
            "Welcome-2025!",
            "summer summer",
            "administrator1",
            "123456789012",
            "098765432109",
            "1qaz2wsx3edc",
            "qwertyuiop123",
            "poiuytrewq098",
            "abcdefghijklm",
            "aaaaaaaaaaaaaa",
            "123123123123",
            "abcabcabcabc",
            "password password",
            "Letmein!Letmein!",
            "correct horse battery staple",
            "changeme20241",
            "iloveyou-1234",
            "qwerty123456",
            "1q2w3e4r5t6y7u",
        ] {
            assert!(is_common(common, &[]), "{common}");
        }
    }

    #[test]
    fn the_names_of_what_is_signed_in_to_make_no_password_and_only_there() {
        for named in [
            "aerodb-2024-1",
            "AeroDB12345678",
            "blue-lagoon1",
            "bluelagoon2025",
            "ada-aerodb-123",
            "ada-2025-aerodb",
            "AdaPassword123",
            "welcome-aerodb!",
            "ada password ada 1",
            "lagoon-is-not",
        ] {
            let is_of_a_part = named == "lagoon-is-not";
            assert_eq!(is_common(named, &NAMES), !is_of_a_part, "{named}");
        }
        assert!(!is_common("blue-lagoon1", &["aerodb", "ada"]));
        assert!(!is_common("of-no-names-1", &["of", "no", ""]), "what is short is in many words");
    }

    #[test]
    fn what_no_rule_makes_is_taken() {
        for good in [
            "a quiet river bend",
            "x y z x y z!",
            "ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ",
            "sunshine football dragon monkey",
            "mfwq-81nd-pelk",
            "winter tyres in may",
            "ada plays the oboe",
            "jq7Rz0pLw2Xk",
            "éèêëéèêëéè!ü",
        ] {
            assert!(!is_common(good, &NAMES), "{good}");
        }
    }
}
