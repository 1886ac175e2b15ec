//! HTTP/1.1 by hand, over a connection of `wire`: what tests need to send requests that no HTTP client would.

use super::wire::Wire;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::wire::Encoding;
use std::io::{self, Read as _};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The media type of an encoding.
pub fn media_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Ttlv => "application/octet-stream",
        Encoding::Json => "application/json",
        Encoding::Xml => "text/xml",
    }
}

/// A whole request that posts this body.
pub fn post(media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Wire {
    /// Sends one message in this encoding and reads one.
    pub fn post(&mut self, encoding: Encoding, message: &RequestMessage) -> Result<ResponseMessage, String> {
        let sent = self.send(&post(media_type(encoding), &message.encode(encoding)));
        let answer = sent.and_then(|()| self.http_answer()).map_err(|error| error.to_string())?;
        if answer.status != 200
            || !answer.head.contains(&format!("content-type: {}\r\n", media_type(encoding)))
        {
            return Err(format!("{answer:?}"));
        }
        ResponseMessage::decode(encoding, &answer.body).map_err(|error| error.to_string())
    }

    /// Reads one answer, whose body has a length.
    pub fn http_answer(&mut self) -> io::Result<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.split("content-length: ").nth(1).map_or("0", |rest| rest.lines().next().unwrap());
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body)?;
        Ok(Answer { status, head, body })
    }
}
