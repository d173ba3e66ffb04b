//! A request as a handler sees it: complete, with its query decoded.

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};

use super::reply::ConnectionCut;

pub struct Request {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    /// Header names are in lower case, in order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Request {
    pub(super) async fn read(incoming: hyper::Request<Incoming>) -> Result<Self, ConnectionCut> {
        let (head, body) = incoming.into_parts();
        let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(Self {
            method: head.method.as_str().to_owned(),
            path: decode(head.uri.path(), false),
            query: form_pairs(head.uri.query().unwrap_or_default()),
            headers: head.headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect(),
            body: body.collect().await.map_err(|_| ConnectionCut)?.to_bytes(),
        })
    }

    /// The first header with this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(is, _)| is == name).map(|(_, value)| value.as_str())
    }

    /// The first query parameter with this name, unless it is empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs.find(|(is, value)| is == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// Parses the pairs of `application/x-www-form-urlencoded` text.
pub fn form_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name, true), decode(value, true)))
        .collect()
}

fn decode(text: &str, plus_is_space: bool) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let escaped = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        match (first, if first == b'%' { escaped() } else { None }) {
            (_, Some(byte)) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            (b'+', None) if plus_is_space => decoded.push(b' '),
            (byte, None) => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
