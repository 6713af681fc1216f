//! What an e-mail address or a web address tells of a company.

/// Providers whose domains belong to their customers' private lives.
const FREE_MAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "t-online.de",
    "tutanota.com",
    "web.de",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "zoho.com",
];

/// The domain of a company, in lower case; `None` for what is no domain and for a free mail provider's.
pub(super) fn company_domain(text: &str, free_mail: &[String]) -> Option<String> {
    let domain = domain(text)?;
    let is_free = FREE_MAIL.contains(&domain.as_str()) || free_mail.contains(&domain);
    (!is_free).then_some(domain)
}

/// `Example.com` -> `example.com`; at least two labels of letters, digits and hyphens.
fn domain(text: &str) -> Option<String> {
    let domain = text.trim().trim_end_matches('.').to_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|one| one.is_alphanumeric() || one == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label);
    fits.then_some(domain)
}

/// The part of an e-mail address behind the `@`.
pub(super) fn domain_of_email(email: &str) -> Option<&str> {
    let (local, domain) = email.trim().rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty()).then_some(domain)
}

/// Whether a website, however it is written, stands at this domain.
pub(super) fn is_website_of(website: &str, domain: &str) -> bool {
    let website = website.trim().to_lowercase();
    let rest = website.split_once("://").map_or(website.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.trim_start_matches("www.") == domain.trim_start_matches("www.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_mail_is_nobodys_company() {
        let own = ["example.org".to_owned()];
        for free in ["gmail.com", " GMX.de", "example.org", "localhost", "", "a b.com", "-a.com", "x'.com", "a..b"] {
            assert_eq!(company_domain(free, &own), None, "{free}");
        }
        assert_eq!(company_domain("Acme.example.", &own).as_deref(), Some("acme.example"));
        assert_eq!(domain_of_email("hugo@acme.example"), Some("acme.example"));
        assert_eq!((domain_of_email("@acme.example"), domain_of_email("hugo")), (None, None));
    }

    #[test]
    fn a_website_is_written_in_many_ways() {
        for website in
            ["acme.example", "https://www.acme.example/about", "http://ACME.example:8080?x", "www.acme.example"]
        {
            assert!(is_website_of(website, "acme.example"), "{website}");
        }
        for other in ["notacme.example", "https://acme.example.evil.test", "https://evil.test/acme.example", ""] {
            assert!(!is_website_of(other, "acme.example"), "{other}");
        }
    }
}
