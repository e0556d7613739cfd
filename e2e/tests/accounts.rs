//! Set-up, registration, signing in and out.

use e2e::{Instance, PASSWORD, Refused, account};
use protocol::account::Transport;
use protocol::error::ErrorCode;
use protocol::request::account::{
    GetCurrentUser, ListSessions, NewAccount, Register, RegisterBody, RevokeSession, SetUp, SetupBody, SignIn,
    SignInBody, SignOut,
};
use protocol::request::instance::GetInstance;
use protocol::request::invite::{CreateInstanceInvite, InviteTerms, PreviewInvite};

fn sign_in(username: &str, password: &str) -> SignIn {
    let (username, password) = (username.to_owned(), password.to_owned());
    SignIn { body: SignInBody { username, password, device: "other".to_owned(), transport: Transport::Bearer } }
}

fn code<T>(answer: Result<T, Refused>) -> ErrorCode {
    answer.err().expect("a refusal").body.code
}

#[tokio::test]
async fn the_set_up_link_makes_one_admin_and_then_nothing_more() {
    let instance = Instance::start().await;
    assert!(instance.visitor().call(GetInstance { body: () }).await.unwrap().needs_setup);
    let wrong = SetUp { body: SetupBody { token: "guess".to_owned(), account: account("eve") } };
    assert_eq!(code(instance.visitor().call(wrong).await), ErrorCode::SetupUnavailable);
    let admin = instance.admin().await;
    assert!(admin.user().is_admin);
    let again = SetUp { body: SetupBody { token: instance.setup_token().to_owned(), account: account("eve") } };
    assert_eq!(code(instance.visitor().call(again).await), ErrorCode::SetupUnavailable);
    assert!(!instance.visitor().call(GetInstance { body: () }).await.unwrap().needs_setup);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_racing_registrations_on_a_one_use_code_make_one_account() {
    let instance = Instance::start().await;
    let admin = instance.admin().await;
    let terms = InviteTerms { max_uses: Some(1), max_age_s: None };
    let code = admin.call(CreateInstanceInvite { body: terms }).await.unwrap().code;
    let racers: Vec<_> = (0..100)
        .map(|number| {
            let visitor = instance.visitor();
            let body = RegisterBody { invite_code: code.clone(), account: account(&format!("racer{number}")) };
            tokio::spawn(async move { visitor.call(Register { body }).await.is_ok() })
        })
        .collect();
    let mut winners = 0;
    for racer in racers {
        winners += u32::from(racer.await.unwrap());
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn an_expired_invite_is_refused_like_an_unknown_one() {
    let instance = Instance::start().await;
    let admin = instance.admin().await;
    let terms = InviteTerms { max_uses: None, max_age_s: Some(1) };
    let code_of_second = admin.call(CreateInstanceInvite { body: terms }).await.unwrap();
    assert!(code_of_second.invite.expires_at.is_some());
    let visitor = instance.visitor();
    let preview = PreviewInvite { code: code_of_second.code.clone(), body: () };
    while visitor.call(preview.clone()).await.is_ok() {}
    for invite_code in [code_of_second.code, "AAAAAAAAAAAAAAAAAAAAAA".to_owned()] {
        let body = RegisterBody { invite_code, account: account("eve") };
        let refused = visitor.call(Register { body }).await.err().unwrap();
        assert_eq!((refused.status, refused.body.code), (404, ErrorCode::InvalidInvite));
    }
}

#[tokio::test]
async fn signing_in_says_the_same_for_an_unknown_user_and_a_wrong_password() {
    let instance = Instance::start().await;
    instance.admin().await;
    let visitor = instance.visitor();
    let unknown = visitor.call(sign_in("nobody", PASSWORD)).await.err().unwrap();
    let wrong = visitor.call(sign_in("admin", "wrong password")).await.err().unwrap();
    assert_eq!(unknown, wrong);
    assert_eq!(unknown.body.code, ErrorCode::InvalidCredentials);
    assert!(visitor.call(sign_in(" Admin ", PASSWORD)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_ten_wrong_passwords_a_user_name_has_to_wait_and_others_from_the_same_address_need_not() {
    let instance = Instance::start().await;
    let admin = instance.admin().await;
    instance.user(&admin, "bob").await;
    let guesses: Vec<_> = (0..20)
        .map(|_| {
            let visitor = instance.visitor();
            tokio::spawn(async move { code(visitor.call(sign_in("admin", "wrong")).await) })
        })
        .collect();
    let mut wrong = 0;
    for guess in guesses {
        let refused = guess.await.unwrap();
        assert!([ErrorCode::InvalidCredentials, ErrorCode::RateLimited].contains(&refused), "{refused:?}");
        wrong += u32::from(refused == ErrorCode::InvalidCredentials);
    }
    assert_eq!(wrong, 10, "guesses at once are counted like others");
    assert!(instance.visitor().call(sign_in("bob", PASSWORD)).await.is_ok());
    let refused = instance.visitor().call(sign_in("admin", PASSWORD)).await.err().unwrap();
    assert_eq!((refused.status, refused.body.code), (429, ErrorCode::RateLimited));
    assert!(refused.body.retry_after_ms.is_some_and(|ms| ms > 0));
}

#[tokio::test]
async fn a_session_ends_when_it_signs_out_or_is_revoked() {
    let instance = Instance::start().await;
    let first = instance.admin().await;
    let second = first.signed_in(sign_in("admin", PASSWORD)).await;
    let sessions = first.call(ListSessions { body: () }).await.unwrap();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| !session.is_current).unwrap();
    assert_eq!(other.device, "other");
    let mut gateway = second.gateway().await;
    first.call(RevokeSession { session_id: other.id, body: () }).await.unwrap();
    assert_eq!(gateway.closed().await, protocol::gateway::close::UNAUTHORIZED);
    assert_eq!(code(second.call(GetCurrentUser { body: () }).await), ErrorCode::Unauthorized);
    first.call(SignOut { body: () }).await.unwrap();
    assert_eq!(code(first.call(GetCurrentUser { body: () }).await), ErrorCode::Unauthorized);
}

#[tokio::test]
async fn names_and_passwords_that_break_a_rule_name_the_field() {
    let instance = Instance::start().await;
    let cases = [("Ada", PASSWORD, "username"), ("", PASSWORD, "username"), ("ada", "short", "password")];
    for (username, password, field) in cases {
        let account = NewAccount { password: password.to_owned(), ..account(username) };
        let body = SetupBody { token: instance.setup_token().to_owned(), account };
        let refused = instance.visitor().call(SetUp { body }).await.err().unwrap();
        assert_eq!(refused.body.code, ErrorCode::InvalidField);
        assert_eq!(refused.body.field.as_deref(), Some(field));
    }
}

#[tokio::test]
async fn a_browsers_cookie_lives_on_with_every_start_of_its_client() {
    let instance = Instance::start().await;
    let admin = instance.admin().await;
    let url = format!("{}/api/v1/gateway/tickets", instance.origin());
    let ask = |name, value: String| reqwest::Client::new().post(&url).header(name, value).send();
    let cookie = format!("__Host-hubbub={}", admin.token());
    let answer = ask("cookie", cookie.clone()).await.unwrap();
    let renewed = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(renewed.starts_with(&cookie) && renewed.contains("Max-Age=7776000"), "{renewed}");
    let answer = ask("authorization", format!("Bearer {}", admin.token())).await.unwrap();
    assert!(answer.status().is_success() && !answer.headers().contains_key("set-cookie"));
}
