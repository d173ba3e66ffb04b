//! A response of the agent's API.

use std::io::Read;

use serde_json::Value;

#[derive(Debug)]
pub struct ApiResponse {
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body without its chunk headers.
    pub body: String,
}

impl ApiResponse {
    /// Reads a response up to the end of the connection.
    pub fn read(mut stream: impl Read) -> Self {
        let mut bytes = Vec::new();
        // The response is complete even if the connection is reset after it.
        let _ = stream.read_to_end(&mut bytes);
        Self::parse(&String::from_utf8(bytes).unwrap())
    }

    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let is_chunked = head.contains("transfer-encoding: chunked");
        let body = if is_chunked { without_chunks(body) } else { body.to_owned() };
        Self { status, head: head.to_owned(), body }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The type of the problem details, without its prefix.
    pub fn problem_type(&self) -> String {
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["type"].as_str().unwrap().strip_prefix("urn:taskpull:problem:").unwrap().to_owned()
    }

    /// The `id` of the body.
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    /// The body as lines of JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn without_chunks(mut body: &str) -> String {
    let mut content = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        content += &rest[..length];
        body = &rest[(length + 2).min(rest.len())..];
        if length == 0 {
            break;
        }
    }
    content
}
