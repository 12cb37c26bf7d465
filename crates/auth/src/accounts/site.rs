//! By which addresses and cookies browsers know this server.

use http::{HeaderMap, HeaderValue, header};
use model::{Code, Problem};
use url::Url;

/// By which addresses and cookies browsers know this server.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where people are sent, without a slash at the end.
    base: String,
    /// Origins of our own pages: the public one, and this machine's.
    origins: Vec<Origin>,
    /// Prefix of our cookies.
    cookies: String,
    secure: bool,
}

/// An origin of our own pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// As browsers write it, for example `https://fishplate.example.com`.
    pub text: String,
    /// Its host.
    pub host: String,
}

impl Site {
    /// A server that listens on a port and is reached by an address; absent: by this machine's own name.
    pub fn new(public: Option<&str>, port: u16) -> Result<Site, Problem> {
        let own = format!("http://localhost:{port}");
        let url = Url::parse(public.unwrap_or(&own)).ok().filter(|url| url.host().is_some());
        let url = url.ok_or_else(|| Problem::new(Code::Malformed, "the public address is no http address"))?;
        let mut origins = vec![origin(&url)];
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let text = format!("http://{host}:{port}");
            if origins.iter().all(|known| known.text != text) {
                origins.push(Origin { text, host: host.to_owned() });
            }
        }
        let secure = url.scheme() == "https";
        // Browsers refuse `__Host-` without TLS, and on one machine cookies do not tell ports apart.
        let cookies = if secure { "__Host-fishplate".to_owned() } else { format!("fishplate-{port}") };
        Ok(Site { base: url.as_str().trim_end_matches('/').to_owned(), origins, cookies, secure })
    }

    /// Where people are sent.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether browsers reach the server by TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The origin that sign-in providers send people back to.
    pub fn public(&self) -> &Origin {
        &self.origins[0]
    }

    /// Which of our origins a request was made to.
    pub fn origin_of(&self, headers: &HeaderMap) -> Option<&Origin> {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        self.origins.iter().find(|known| known.text.split_once("://").is_some_and(|(_, known)| known == host))
    }

    /// One of our origins, as browsers write it.
    pub fn origin(&self, text: &str) -> Option<&Origin> {
        self.origins.iter().find(|known| known.text == text)
    }

    /// Refuses a request that a page of another site has made. A request that says nothing of where it comes from is
    /// no browser's: those say it with everything that could change something.
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let foreign = || {
            Problem::new(Code::CrossSite, "the request was made by a page of another site")
                .hint("behind a proxy, start the server with `--public-url` and let the proxy pass `Host` on")
        };
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        if text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(foreign());
        }
        let Some(origin) = text("origin") else { return Ok(()) };
        let host = text("host").unwrap_or_default();
        let to_us = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
        if to_us || self.origins.iter().any(|known| known.text == origin) { Ok(()) } else { Err(foreign()) }
    }

    /// What a cookie of ours holds.
    pub fn cookie<'a>(&self, headers: &'a HeaderMap, kind: &str) -> Option<&'a str> {
        let name = self.cookie_name(kind);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The header that sets a cookie of ours; no value takes it away.
    pub fn set_cookie(&self, kind: &str, value: Option<&str>, seconds: u64) -> String {
        let name = self.cookie_name(kind);
        let secure = if self.secure { "; Secure" } else { "" };
        let (value, seconds) = value.map_or(("", 0), |value| (value, seconds));
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    /// Whether a cookie is ours, by its name.
    pub fn owns_cookie(&self, name: &str) -> bool {
        // Those of every port, and with and without TLS: none of them is a workflow's business.
        name.starts_with("__Host-fishplate") || name.starts_with("fishplate-")
    }

    /// Takes our cookies out of a request that is not for us.
    pub fn hide_cookies(&self, headers: &mut HeaderMap) {
        // Nearly every webhook: programs send no cookies.
        if !headers.contains_key(header::COOKIE) {
            return;
        }
        let sent: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().cloned().collect();
        headers.remove(header::COOKIE);
        for line in sent {
            // What is no text cannot be told apart, so it goes.
            let Ok(line) = line.to_str() else { continue };
            let foreign = |pair: &&str| !self.owns_cookie(pair.split('=').next().unwrap_or_default().trim());
            let kept = line.split(';').filter(foreign).map(str::trim).collect::<Vec<_>>().join("; ");
            if let Ok(value) = HeaderValue::from_str(&kept)
                && !kept.is_empty()
            {
                headers.append(header::COOKIE, value);
            }
        }
    }

    /// Takes cookies with our names out of an answer that is not ours.
    pub fn keep_cookies(&self, headers: &mut HeaderMap) {
        if !headers.contains_key(header::SET_COOKIE) {
            return;
        }
        let set: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
        headers.remove(header::SET_COOKIE);
        for line in set {
            let text = String::from_utf8_lossy(line.as_bytes()).into_owned();
            let name = text.split(['=', ';']).next().unwrap_or_default().trim();
            if !self.owns_cookie(name) {
                headers.append(header::SET_COOKIE, line);
            }
        }
    }

    fn cookie_name(&self, kind: &str) -> String {
        if kind.is_empty() { self.cookies.clone() } else { format!("{}-{kind}", self.cookies) }
    }
}

/// A place of our own to go to, made of what somebody asked for; whatever could lead elsewhere leads home.
pub fn next_place(asked: Option<&str>) -> String {
    let asked = asked.unwrap_or("/");
    let tail = asked.strip_prefix('/');
    // Browsers take a backslash for a slash and drop tabs and line breaks, so `/\t/elsewhere` would leave.
    let fits = tail.is_some_and(|tail| !tail.starts_with('/'))
        && asked.len() <= 2000
        && asked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if fits { asked.to_owned() } else { "/".to_owned() }
}

fn origin(url: &Url) -> Origin {
    Origin { text: url.origin().ascii_serialization(), host: url.host_str().unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn requests_of_other_sites_are_refused() {
        let site = Site::new(Some("https://fishplate.example.com/"), 8321).unwrap();
        let check = |pairs: &[(&'static str, &str)]| site.check_origin(&headers(pairs)).is_ok();
        assert!(check(&[]), "a program, not a browser");
        assert!(check(&[("origin", "https://fishplate.example.com"), ("host", "10.0.0.7:8321")]));
        assert!(check(&[("origin", "http://localhost:8321")]));
        assert!(check(&[("origin", "http://nas:8321"), ("host", "nas:8321")]));
        assert!(check(&[("sec-fetch-site", "same-origin"), ("origin", "https://fishplate.example.com")]));
        for foreign in [
            [("origin", "https://evil.example.com"), ("host", "fishplate.example.com")],
            [("origin", "null"), ("host", "fishplate.example.com")],
            [("origin", "https://fishplate.example.com.evil.com"), ("host", "fishplate.example.com")],
            [("sec-fetch-site", "cross-site"), ("host", "fishplate.example.com")],
            [("sec-fetch-site", "same-site"), ("host", "fishplate.example.com")],
            [("sec-fetch-site", "cross-site"), ("origin", "https://fishplate.example.com")],
        ] {
            assert!(!check(&foreign), "{foreign:?}");
        }
    }

    #[test]
    fn cookies_are_bound_to_the_host_as_far_as_the_browser_lets_them_be() {
        let secure = Site::new(Some("https://a.example.com"), 8321).unwrap();
        let set = secure.set_cookie("", Some("secret"), 60);
        assert_eq!(set, "__Host-fishplate=secret; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        let plain = Site::new(None, 8321).unwrap();
        assert_eq!(plain.set_cookie("", None, 60), "fishplate-8321=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        let sent = headers(&[("cookie", "a=b; fishplate-8321=x; fishplate-83210=y; fishplate-8321-oidc=z")]);
        assert_eq!((plain.cookie(&sent, ""), plain.cookie(&sent, "oidc")), (Some("x"), Some("z")));
        assert_eq!(secure.cookie(&sent, ""), None);
        assert!(secure.owns_cookie("__Host-fishplate-oidc") && !secure.owns_cookie("theme"));
        assert_eq!(plain.origin_of(&headers(&[("host", "127.0.0.1:8321")])).unwrap().host, "127.0.0.1");
        assert_eq!(plain.origin_of(&headers(&[("host", "evil.com")])), None);
    }

    #[test]
    fn workflows_neither_see_nor_set_sessions() {
        let site = Site::new(Some("https://a.example.com"), 8321).unwrap();
        let mut sent = headers(&[("cookie", "a=b; __Host-fishplate=secret; c=d=e")]);
        site.hide_cookies(&mut sent);
        assert_eq!(sent["cookie"], "a=b; c=d=e");
        let mut sent = headers(&[("cookie", "fishplate-8321=secret")]);
        site.hide_cookies(&mut sent);
        assert!(!sent.contains_key("cookie"));
        let mut answer = headers(&[("set-cookie", "theme=dark; Path=/")]);
        answer.append("set-cookie", " __Host-fishplate=planted; Path=/; Secure".parse().unwrap());
        answer.append("set-cookie", "fishplate-8321; Path=/".parse().unwrap());
        site.keep_cookies(&mut answer);
        assert_eq!(answer.get_all("set-cookie").iter().collect::<Vec<_>>(), ["theme=dark; Path=/"]);
    }

    #[test]
    fn whatever_could_lead_elsewhere_leads_home() {
        for (asked, goes) in [
            (Some("/runs?status=failed#x"), "/runs?status=failed#x"),
            (Some("/"), "/"),
            (None, "/"),
            (Some(""), "/"),
            (Some("//evil.com"), "/"),
            (Some("/\\evil.com"), "/"),
            (Some("/\t/evil.com"), "/"),
            (Some("https://evil.com"), "/"),
            (Some("javascript:alert(1)"), "/"),
            (Some("runs"), "/"),
            (Some("/\r\nset-cookie: a=b"), "/"),
        ] {
            assert_eq!(next_place(asked), goes, "{asked:?}");
        }
    }
}
