//! A browser that nobody sits at.

use url::Url;

/// Opens an address, and tells where it is led.
pub async fn led_to(address: &Url) -> Url {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(address.clone()).send().await.unwrap();
    assert!(answer.status().is_redirection(), "{}", answer.text().await.unwrap());
    answer.headers()["location"].to_str().unwrap().parse().unwrap()
}
