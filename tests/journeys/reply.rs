//! What a system answered.

use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The path in `Link: <path>; rel="next"`.
    pub(crate) fn next_page(&self) -> Option<String> {
        let (path, rest) = self.header("link").strip_prefix('<')?.split_once('>')?;
        (rest == "; rel=\"next\"").then(|| path.to_owned())
    }

    /// The body, of an answer that must have this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }

    /// Of an answer that must be 204 and empty.
    #[track_caller]
    pub(crate) fn expect_no_content(&self) {
        let body = String::from_utf8_lossy(&self.bytes);
        assert_eq!((self.status, body.as_ref()), (204, ""));
    }

    /// The body, of a problem that must be of this type.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, slug: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        problem
    }
}
