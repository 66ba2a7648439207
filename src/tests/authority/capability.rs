//! Authority: who gets which capability, and for how long.

use crate::records::*;
use aerodb_control::authority::{
    Authority, Credential, Denied, HashedPassword, NewPassword, PasswordCost, accounts, sessions,
    setup_link, tokens,
};
use aerodb_control::model::actor::{ActorRole, AuthMethod, CredentialKind};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::refusal::RefusalCode;
use aerodb_control::store::{Store, StoreError};
use std::sync::Arc;
use tempfile::{TempDir, tempdir};

const PASSWORD: &str = "a quiet river bend";
const MINUTE: i64 = 60_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(START_MS + minutes * MINUTE)
}

struct AuthorityFixture {
    dir: TempDir,
    store: Store,
    authority: Authority,
    entropy: Arc<HashedEntropy>,
}

fn house() -> AuthorityFixture {
    let dir = tempdir().unwrap();
    let store = crate::records::store_in(dir.path());
    let authority = Authority::new(store.reader(), PasswordCost::of(8, 1));
    AuthorityFixture { dir, store, authority, entropy: Arc::default() }
}

impl AuthorityFixture {
    async fn hashed(&self) -> HashedPassword {
        let password = NewPassword::parse(PASSWORD, &[]).unwrap();
        self.authority.hash_password(password, &*self.entropy).await.unwrap()
    }

    async fn account(&self, who: &str, role: ActorRole) {
        let (who, hashed) = (name(who), self.hashed().await);
        let made = self.store.write(move |t| accounts::create(t, &who, role, &hashed, at(0)));
        made.await.unwrap();
    }

    async fn sign_in(&self, who: &str, now: Timestamp) -> sessions::StartedSession {
        let proven = self.authority.sign_in(who, PASSWORD).await.unwrap();
        let entropy = Arc::clone(&self.entropy);
        self.store.write(move |t| sessions::start(t, proven, &*entropy, now)).await.unwrap()
    }

    async fn session(&self, who: &str) -> Credential {
        Credential::parse(self.sign_in(who, at(0)).await.secret.reveal()).unwrap()
    }

    async fn token(&self, who: &str, lasts_ms: i64) -> Result<tokens::IssuedToken, Denied> {
        let (who, entropy) = (name(who), Arc::clone(&self.entropy));
        self.store.write(move |t| tokens::issue(t, &who, lasts_ms, &*entropy, at(0))).await
    }

    async fn link(&self) -> Option<String> {
        let entropy = Arc::clone(&self.entropy);
        let link = self.store.write(move |t| setup_link::issue(t, &*entropy, at(0))).await;
        link.unwrap().map(|link| link.reveal().to_owned())
    }

    async fn redeem(&self, link: &str, who: &str) -> Result<(), Denied> {
        let (link, who, hashed) = (link.to_owned(), name(who), self.hashed().await);
        let redeemed =
            self.store.write(move |t| setup_link::redeem(t, &link, &who, &hashed, at(0)));
        redeemed.await.map(drop)
    }
}

fn code(denied: &Denied) -> RefusalCode {
    denied.refusal().code
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer() {
    let house = house();
    house.account("alice", ActorRole::Operator).await;
    let mut answers = Vec::new();
    for (who, password) in [
        ("alice", "a quiet river bent"),
        ("alice", ""),
        ("bob", PASSWORD),
        ("bob", "nobody"),
        ("not a name!", PASSWORD),
        ("alice'--", PASSWORD),
    ] {
        let denied = house.authority.sign_in(who, password).await.expect_err(who);
        answers.push(denied.refusal());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].code, RefusalCode::SignInFailed);
    assert_eq!(house.authority.sign_in("alice", PASSWORD).await.unwrap().name(), &name("alice"));
}

#[tokio::test]
async fn a_session_remembers_by_what_its_person_signed_in() {
    let house = house();
    let link = house.link().await.unwrap();
    let (hashed, entropy) = (house.hashed().await, house.entropy.clone());
    let first = house.store.write(move |t| {
        let proven = setup_link::redeem(t, &link, &name("otto"), &hashed, at(0))?;
        sessions::start(t, proven, &*entropy, at(0))
    });
    let (first, later) = (first.await.unwrap(), house.sign_in("otto", at(1)).await);
    for (started, by) in [(first, AuthMethod::SetupLink), (later, AuthMethod::Password)] {
        let session = Credential::parse(started.secret.reveal()).unwrap();
        assert_eq!(house.authority.begun_by(&session).unwrap(), Some((name("otto"), by)));
    }
}

#[tokio::test]
async fn a_capability_goes_only_to_the_role_that_it_stands_for() {
    let house = house();
    house.account("otto", ActorRole::Operator).await;
    house.account("olga", ActorRole::Observer).await;
    house.account("aude", ActorRole::Auditor).await;
    for (who, role) in
        [("otto", ActorRole::Operator), ("olga", ActorRole::Observer), ("aude", ActorRole::Auditor)]
    {
        let session = house.session(who).await;
        let authority = &house.authority;
        let viewer = authority.viewer(&session, at(1)).unwrap();
        assert_eq!((viewer.actor().role, viewer.actor().via), (role, CredentialKind::Session));
        let got = [
            authority.operator(&session, at(1)).map(|c| c.actor().clone()),
            authority.observer(&session, at(1)).map(|c| c.actor().clone()),
            authority.auditor(&session, at(1)).map(|c| c.actor().clone()),
        ];
        let roles = [ActorRole::Operator, ActorRole::Observer, ActorRole::Auditor];
        for (got, stands_for) in got.into_iter().zip(roles) {
            match got {
                Ok(actor) => {
                    assert_eq!(role, stands_for);
                    assert_eq!(actor.name, name(who));
                }
                Err(denied) => {
                    assert_ne!(role, stands_for);
                    assert_eq!(code(&denied), RefusalCode::NotPermitted);
                    assert_eq!(denied.actor().unwrap().name, name(who), "the record names them");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_reads_and_never_yields_an_operator() {
    let house = house();
    house.account("otto", ActorRole::Operator).await;
    for (who, lasts_ms, words) in [
        ("otto", MINUTE, "taken"),
        ("robot", 0, "expires"),
        ("robot", -5, "expires"),
        ("robot", tokens::LASTS_MS_MAX + 1, "expires"),
    ] {
        let denied = house.token(who, lasts_ms).await.expect_err(words);
        assert!(denied.to_string().contains(words), "{denied}");
    }
    let issued = house.token("robot", tokens::LASTS_MS_MAX).await.unwrap();
    assert!(issued.secret.reveal().starts_with("aerodb_token_"));
    assert!(matches!(house.token("robot", MINUTE).await, Err(Denied::NameTaken(_))));
    let token = Credential::parse(issued.secret.reveal()).unwrap();
    let viewer = house.authority.viewer(&token, at(5)).unwrap();
    let actor = viewer.actor();
    assert_eq!((actor.role, actor.via), (ActorRole::Observer, CredentialKind::Token));

    // Not even where the file itself says that the program is an operator.
    let damage = shell(house.store.path());
    damage.execute_batch("INSERT INTO account VALUES ('robot', 'operator', 'x', 0, NULL)").unwrap();
    let denied = house.authority.operator(&token, at(5)).expect_err("a program");
    assert_eq!(code(&denied), RefusalCode::NotPermitted);

    let end = Timestamp::from_millis(START_MS + tokens::LASTS_MS_MAX);
    house.authority.viewer(&token, end.plus_millis(-1)).unwrap();
    let denied = house.authority.viewer(&token, end).expect_err("expired");
    assert_eq!(code(&denied), RefusalCode::NotSignedIn);
    house.store.write(|t| tokens::revoke(t, &name("robot"), at(6))).await.unwrap();
    assert!(house.authority.viewer(&token, at(6)).is_err(), "revoked");
    let again = house.store.write(|t| tokens::revoke(t, &name("robot"), at(7))).await;
    let Ok(tokens::TokenRevocation::Before(line)) = again else { panic!("it is revoked") };
    assert_eq!(line.revoked_at, Some(at(6)));
    let nobody = house.store.write(|t| tokens::revoke(t, &name("nobody"), at(7))).await;
    assert!(matches!(nobody, Err(Denied::NoSuchToken(_))));
}

#[tokio::test]
async fn a_session_ends_by_idleness_by_its_longest_time_and_by_signing_out() {
    let house = house();
    let authority = &house.authority;
    house.account("otto", ActorRole::Operator).await;
    house.account("olga", ActorRole::Observer).await;
    let (otto, olga) = (house.session("otto").await, house.session("olga").await);
    authority.operator(&otto, at(59)).unwrap();
    assert!(authority.operator(&otto, at(60)).is_err(), "idle");
    assert!(authority.viewer(&otto, at(60)).is_err(), "idle for pages too");
    authority.viewer(&olga, at(8 * 60 - 1)).unwrap();
    assert!(authority.viewer(&olga, at(8 * 60)).is_err());

    for minutes in (30..12 * 60).step_by(30) {
        authority.note_seen(&house.store, &otto, at(minutes)).await.unwrap();
        authority.operator(&otto, at(minutes + 29)).unwrap();
    }
    let denied = authority.operator(&otto, at(12 * 60)).expect_err("the longest time");
    assert_eq!(code(&denied), RefusalCode::NotSignedIn);
    assert!(authority.note_seen(&house.store, &otto, at(12 * 60)).await.is_err());

    let olga_out = olga.clone();
    let actor = house.store.write(move |t| sessions::end(t, &olga_out, at(2))).await.unwrap();
    assert_eq!(actor.name, name("olga"));
    assert!(authority.viewer(&olga, at(2)).is_err(), "signed out");
    assert!(authority.note_seen(&house.store, &olga, at(2)).await.is_err(), "and not revived");
    let again = house.store.write(move |t| sessions::end(t, &olga, at(3))).await;
    assert!(matches!(again, Err(Denied::NotSignedIn { .. })));
}

#[tokio::test]
async fn a_change_of_role_ends_every_session_of_the_account_and_of_nobody_else() {
    let house = house();
    house.account("otto", ActorRole::Operator).await;
    let session = house.session("otto").await;
    let demote = |who: &'static str| {
        house.store.write(move |t| accounts::change_role(t, &name(who), ActorRole::Observer, at(1)))
    };
    assert!(matches!(demote("otto").await, Err(Denied::LastOperator(_))));
    assert!(matches!(demote("nobody").await, Err(Denied::NoSuchName(_))));
    house.authority.operator(&session, at(1)).unwrap();
    house.account("olga", ActorRole::Operator).await;
    let (second, other) = (house.session("otto").await, house.session("olga").await);
    let change = demote("otto").await.unwrap();
    assert_eq!((change.from, change.sessions_ended), (ActorRole::Operator, 2));
    for ended in [&session, &second] {
        let denied = house.authority.viewer(ended, at(1)).expect_err("ended");
        assert_eq!(code(&denied), RefusalCode::NotSignedIn);
    }
    house.authority.operator(&other, at(1)).expect("olga is who she was");
    let again = house.session("otto").await;
    assert_eq!(house.authority.viewer(&again, at(1)).unwrap().actor().role, ActorRole::Observer);
    assert!(matches!(demote("otto").await, Err(Denied::SameRole { .. })));
    house.authority.viewer(&again, at(1)).expect("a change that was refused ended nothing");
}

#[tokio::test]
async fn a_removed_account_signs_in_no_more_and_its_name_is_given_to_nobody() {
    let house = house();
    house.account("otto", ActorRole::Operator).await;
    let remove = || house.store.write(move |t| accounts::remove(t, &name("otto"), at(1)));
    assert!(matches!(remove().await, Err(Denied::LastOperator(_))));
    let session = house.session("otto").await;
    house.authority.operator(&session, at(1)).expect("a removal that was refused ended nothing");
    house.account("olga", ActorRole::Operator).await;
    assert_eq!(remove().await.unwrap().sessions_ended, 1);
    assert!(house.authority.viewer(&session, at(1)).is_err());
    assert!(house.authority.sign_in("otto", PASSWORD).await.is_err());
    assert!(!house.authority.knows("otto").unwrap());
    assert!(matches!(remove().await, Err(Denied::NoSuchName(_))));
    let taken = house.store.write(move |t| accounts::is_taken(t, &name("otto"))).await;
    assert!(taken.unwrap(), "records name the one who had it");
}

#[tokio::test]
async fn sessions_are_read_and_not_noted_when_the_store_takes_no_writes() {
    let house = house();
    house.account("otto", ActorRole::Operator).await;
    let session = house.session("otto").await;
    std::fs::remove_file(house.store.path()).unwrap();
    house.authority.note_seen(&house.store, &session, at(0)).await.expect("nothing is due yet");
    let denied = house.authority.note_seen(&house.store, &session, at(5)).await.expect_err("gone");
    assert!(matches!(denied, Denied::Store(StoreError::Unavailable { .. })), "{denied}");
    assert_eq!(code(&denied), RefusalCode::AuditUnavailable);
    house.authority.operator(&session, at(59)).expect("reads go on");
    assert!(house.authority.operator(&session, at(60)).is_err(), "and the session still ends");
}

#[tokio::test]
async fn the_oldest_session_ends_when_an_account_has_too_many() {
    let house = house();
    house.account("otto", ActorRole::Operator).await;
    let mut begun = Vec::new();
    for minute in 0..=i64::from(sessions::PER_ACCOUNT_MAX) {
        let started = house.sign_in("otto", at(minute)).await;
        begun.push(Credential::parse(started.secret.reveal()).unwrap());
    }
    let now = at(i64::from(sessions::PER_ACCOUNT_MAX));
    let good = |c: &Credential| house.authority.operator(c, now).is_ok();
    assert!(!good(&begun[0]), "the oldest");
    assert!(begun.iter().skip(1).all(good), "the others, the newest among them");
}

#[tokio::test]
async fn secrets_are_never_stored_and_never_printed() {
    let house = house();
    let link = house.link().await.unwrap();
    house.redeem(&link, "otto").await.unwrap();
    let started = house.sign_in("otto", at(0)).await;
    let issued = house.token("robot", MINUTE).await.unwrap();
    let secrets = [started.secret.reveal(), issued.secret.reveal(), &link, PASSWORD];
    let printed = format!("{started:?} {issued:?} {:?}", Credential::parse(secrets[0]));
    for secret in secrets {
        assert!(!printed.contains(secret), "{printed}");
    }
    let AuthorityFixture { dir, store, authority, .. } = house;
    drop((store, authority));
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in secrets {
            let digits = secret.rsplit('_').next().unwrap().as_bytes();
            assert!(!bytes.windows(digits.len()).any(|w| w == digits), "{secret}");
        }
    }
}

#[test]
fn a_text_that_is_no_secret_of_ours_is_no_credential() {
    let digits = "0".repeat(64);
    for text in [
        String::new(),
        digits.clone(),
        format!("aerodb_setup_{digits}"),
        format!("aerodb_session_{digits}0"),
        format!("aerodb_session_{}", &digits[1..]),
        format!("aerodb_session_{}G", &digits[1..]),
        format!("aerodb_session_{}A", &digits[1..]),
        format!(" aerodb_session_{digits}"),
        format!("AERODB_SESSION_{digits}"),
    ] {
        assert!(Credential::parse(&text).is_none(), "{text:?}");
    }
    let house = house();
    for text in [format!("aerodb_session_{digits}"), format!("aerodb_token_{digits}")] {
        let credential = Credential::parse(&text).unwrap();
        let denied = house.authority.viewer(&credential, at(0)).expect_err("unknown");
        assert_eq!(code(&denied), RefusalCode::NotSignedIn);
    }
}

#[tokio::test]
async fn a_set_up_link_makes_one_operator_and_then_never_again() {
    let house = house();
    let first = house.link().await.unwrap();
    let second = house.link().await.unwrap();
    let spent = |r: Result<(), Denied>| matches!(r, Err(Denied::SetupLinkSpent));
    assert!(spent(house.redeem(&first, "otto").await), "replaced at the next start");
    assert!(spent(house.authority.check_setup_link(&first)));
    assert!(spent(house.redeem("", "otto").await));
    assert!(spent(house.redeem(&second.to_uppercase(), "otto").await));
    house.account("olga", ActorRole::Observer).await;
    house.authority.check_setup_link(&second).unwrap();
    assert!(matches!(house.redeem(&second, "olga").await, Err(Denied::NameTaken(_))));
    house.redeem(&second, "otto").await.expect("a name that was taken does not use the link up");
    assert!(spent(house.redeem(&second, "mallory").await));
    assert_eq!(house.link().await, None, "an operator exists");
    assert!(spent(house.authority.check_setup_link(&second)));
    let otto = house.session("otto").await;
    house.authority.operator(&otto, at(1)).unwrap();
}

#[tokio::test]
async fn a_set_up_link_is_dead_as_soon_as_an_operator_exists() {
    let house = house();
    let link = house.link().await.unwrap();
    house.account("otto", ActorRole::Operator).await;
    assert!(matches!(house.redeem(&link, "mallory").await, Err(Denied::SetupLinkSpent)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_redemptions_at_the_same_time_make_one_operator() {
    let house = Arc::new(house());
    let link = house.link().await.unwrap();
    let hashed = house.hashed().await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (house, link, hashed) = (Arc::clone(&house), link.clone(), hashed.clone());
        all.spawn(async move {
            let who = name(&format!("operator-{n}"));
            let work =
                house.store.write(move |t| setup_link::redeem(t, &link, &who, &hashed, at(0)));
            work.await.map(drop)
        });
    }
    let mut made = 0;
    while let Some(result) = all.join_next().await {
        match result.unwrap() {
            Ok(()) => made += 1,
            Err(Denied::SetupLinkSpent) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let operators = house.store.reader().read::<i64, StoreError>(|c| {
        Ok(c.query_row("SELECT count(*) FROM account", [], |row| row.get(0))?)
    });
    assert_eq!((made, operators.unwrap()), (1, 1));
}
