//! Signed heads: what is not exactly in the public form, or not signed by the key, is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aerodb_control::ledger::note::*;
use aerodb_control::ledger::tree::{TreeHead, empty_root};
use aerodb_control::model::canonical::Hash;

const NAME: &str = "aerodb/aerodb/7f1c";

fn signer() -> LogSigner {
    LogSigner::new(NAME, &[7; 32]).unwrap()
}

fn head() -> TreeHead {
    TreeHead { size: 20_852_163, root: Hash::of(b"some records") }
}

fn is_form(result: Result<TreeHead, NoteError>) -> bool {
    matches!(result, Err(NoteError::Form { .. }))
}

#[test]
fn a_key_of_the_public_documents_opens_the_note_of_the_public_documents() {
    // Key and note of the example in Go's `sumdb/note`, which the format was taken from.
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = LogKey::parse(key).unwrap();
    assert_eq!(hex::encode(key.id()), "c74f20a3");
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2p\
                ZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    // The signature is good; what is signed is no head.
    assert!(is_form(key.open(note)), "{:?}", key.open(note));
    let other = note.replace("cryptography", "mathematics");
    assert_eq!(key.open(&other), Err(NoteError::Forged { key: "PeterNeumann".to_owned() }));
}

#[test]
fn a_head_reads_back_and_is_the_same_bytes_each_time() {
    let note = signer().sign(head());
    assert_eq!(signer().public().open(&note), Ok(head()));
    assert_eq!(note, signer().sign(head()));
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines[..2], [NAME, "20852163"]);
    assert!(lines[4].starts_with(&format!("\u{2014} {NAME} ")), "{note}");
    let empty = TreeHead { size: 0, root: empty_root() };
    assert_eq!(signer().public().open(&signer().sign(empty)), Ok(empty));
}

#[test]
fn every_flipped_bit_of_a_note_is_refused() {
    let note = signer().sign(head()).into_bytes();
    let key = signer().public();
    let mut flips = 0;
    for bit in 0..note.len() * 8 {
        let mut bytes = note.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(text) = String::from_utf8(bytes) else { continue };
        assert!(key.open(&text).is_err(), "bit {bit}: {text:?}");
        flips += 1;
    }
    println!("{flips} flipped bits, all refused");
    assert!(flips > 1_200);
}

#[test]
fn a_note_of_another_key_or_another_log_is_refused_by_name() {
    let key = signer().public();
    let other = LogSigner::new(NAME, &[8; 32]).unwrap();
    assert_eq!(key.open(&other.sign(head())), Err(NoteError::Unsigned { key: NAME.to_owned() }));
    let elsewhere = LogSigner::new("aerodb/other/7f1c", &[7; 32]).unwrap();
    let note = elsewhere.sign(head());
    assert_eq!(key.open(&note), Err(NoteError::Unsigned { key: NAME.to_owned() }));
    // Somebody who puts our name over a signature of theirs.
    let renamed = other.sign(head());
    let ours = signer().sign(head());
    let id = ours.lines().last().unwrap().rsplit(' ').next().unwrap()[..5].to_owned();
    let (start, line) = renamed.trim_end().rsplit_once(' ').unwrap();
    let forged = format!("{start} {id}{}\n", &line[5..]);
    let found = key.open(&forged);
    assert!(
        matches!(found, Err(NoteError::Forged { .. } | NoteError::Unsigned { .. })),
        "{found:?}"
    );
}

#[test]
fn a_signature_of_a_witness_beside_ours_changes_nothing() {
    let ours = signer().sign(head());
    let witness = LogSigner::new("witness.example/w1", &[9; 32]).unwrap();
    let theirs = witness.sign(head());
    let line = theirs.lines().last().unwrap();
    assert_eq!(signer().public().open(&format!("{ours}{line}\n")), Ok(head()));
    let unsigned = ours.replace(NAME, "somebody/else");
    assert_eq!(
        signer().public().open(&format!("{unsigned}{line}\n")),
        Err(NoteError::Unsigned { key: NAME.to_owned() })
    );
}

#[test]
fn hostile_notes_are_refused_and_never_panic() {
    let good = signer().sign(head());
    let key = signer().public();
    let (text, line) = good.split_once("\n\n").unwrap();
    for bad in [
        String::new(),
        "\n".to_owned(),
        "\n\n".to_owned(),
        "\n\n\n".to_owned(),
        text.to_owned(),
        format!("{text}\n\n"),
        format!("{text}\n{line}"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good}\n\n"),
        format!("{good}garbage\n"),
        format!("{good}\u{2014} {NAME} !!!!\n"),
        format!("{good}\u{2014} {NAME} AAAA\n"),
        format!("{good}\u{2014} {NAME}\n"),
        format!("{good}\u{2014}  AAAAAAAA\n"),
        good.replace('\n', "\r\n"),
        good.replace("20852163", "20852163\u{7f}"),
        format!("{good}{}", format!("{line}\n").repeat(200)),
    ] {
        assert!(is_form(key.open(&bad)), "{bad:?}: {:?}", key.open(&bad));
    }
}

/// What a faulty or malicious log could sign.
fn signed(text: &str) -> Result<TreeHead, NoteError> {
    use base64::Engine as _;
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let signature = key.sign(text.as_bytes()).to_bytes();
    let data = [signer().public().id().as_slice(), &signature].concat();
    let data = base64::prelude::BASE64_STANDARD.encode(data);
    signer().public().open(&format!("{text}\n\u{2014} {NAME} {data}\n"))
}

#[test]
fn a_head_that_is_signed_and_not_in_its_form_is_refused() {
    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    assert!(signed(&format!("{NAME}\n7\n{ROOT}\n")).is_ok());
    for size in ["07", "-7", "+7", "7 ", " 7", "", "7.0", "0x7", "18446744073709551616"] {
        assert!(is_form(signed(&format!("{NAME}\n{size}\n{ROOT}\n"))), "{size:?}");
    }
    for root in ["", &ROOT[..43], &format!("{ROOT} "), "AAAA", &ROOT.replace('/', "_")] {
        assert!(is_form(signed(&format!("{NAME}\n7\n{root}\n"))), "{root:?}");
    }
    assert!(is_form(signed(&format!("{NAME}\n7\n{ROOT}\nextension\n"))));
    assert!(is_form(signed(&format!("{NAME}\n7\n"))));
    let elsewhere = signed(&format!("aerodb/other\n7\n{ROOT}\n"));
    assert!(matches!(elsewhere, Err(NoteError::OtherLog { .. })), "{elsewhere:?}");
}

#[test]
fn keys_read_back_and_hostile_ones_are_refused_without_naming_the_secret() {
    let key = signer().public();
    assert_eq!(LogKey::parse(&key.to_string()), Ok(key.clone()));
    let secret = signer().secret_text();
    assert_eq!(LogSigner::parse(&secret).unwrap().public(), key);
    assert!(!format!("{:?}", signer()).contains("7, 7"), "a key is never printed by accident");
    let text = key.to_string();
    let weak = "x+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for bad in [
        "",
        "+",
        "++",
        "name",
        "name+00000000",
        weak,
        &text[1..],
        &text[..text.len() - 4],
        &text.replace('+', "++"),
        &text.replace(NAME, "aerodb/other"),
        &format!("{text}\n"),
        &text.replace(NAME, "a b"),
        &text.replace("+Ae", "+Be"),
    ] {
        assert!(LogKey::parse(bad).is_err(), "{bad:?}");
    }
    for bad in ["", "PRIVATE+KEY+", &text, &secret[..secret.len() - 2], &format!("{secret} ")] {
        let error = LogSigner::parse(bad).expect_err(bad).to_string();
        assert!(!error.contains("BwcH"), "{error}");
    }
    for bad in ["", "a b", "a+b", "a\n", "\u{fc}", &"a".repeat(201)] {
        assert!(LogSigner::new(bad, &[7; 32]).is_err(), "{bad:?}");
    }
}
