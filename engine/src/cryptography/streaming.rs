//! Data that comes in parts (KMIP 2.1, 6.1.17 and others): the first with the init indicator, the last with the final
//! one, those between with the correlation value that the first was answered with.
//!
//! What has come so far is kept as the request that it would be if it had come at once, sealed like a key and found by
//! the correlation value and the client alone. Each part is committed before it is answered, so that a restart loses
//! none; parts that nobody asks about any more are dropped when their client begins the next.

use crate::context::Context;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use bytes::Bytes;
use kmip_codec::SecretBytes;
use kmip_codec::Tag;
use kmip_codec::declare::Value;
use kmip_codec::operations::Operation;
use kmip_codec::value::Data;
use kmip_codec::version::STORED;
use kmip_codec::wire::{BinarySink, BinarySource, Source as _};

/// How long parts wait for the next one, in seconds.
const PATIENCE_SECONDS: i64 = 3600;

/// The most that all parts of one operation may have, in bytes.
const WHOLE_BYTES_MAX: usize = 1 << 20;

/// How many operations in parts one client may have open.
const OPEN_MAX: usize = 64;

/// The fields that every request has whose data may come in parts.
pub struct Fields<'r> {
    /// The data.
    pub data: &'r mut Option<Data>,
    /// Which operation it goes on with.
    pub correlation: &'r mut Option<Bytes>,
    /// Whether it begins one.
    pub init: &'r mut Option<bool>,
    /// Whether it ends one.
    pub last: &'r mut Option<bool>,
}

/// A request whose data may come in parts.
pub trait Streamed: Value + Sized {
    /// Its operation.
    const OPERATION: Operation;
    /// The fields.
    fn fields(&mut self) -> Fields<'_>;
    /// Whether it has no data, and must have some where it comes whole.
    fn lacks_data(&self) -> bool;
    /// What a later part brings besides data.
    fn take_over(&mut self, later: Self);
}

macro_rules! streamed {
    ($($name:ident, $operation:ident, $lacks:expr, $last:expr;)*) => {$(
        impl Streamed for kmip_codec::payloads::$name {
            const OPERATION: Operation = Operation::$operation;

            fn fields(&mut self) -> Fields<'_> {
                Fields {
                    data: &mut self.data,
                    correlation: &mut self.correlation_value,
                    init: &mut self.init_indicator,
                    last: &mut self.final_indicator,
                }
            }

            fn lacks_data(&self) -> bool {
                let lacks_data: fn(&Self) -> bool = $lacks;
                lacks_data(self)
            }

            fn take_over(&mut self, later: Self) {
                let take_over: fn(&mut Self, Self) = $last;
                take_over(self, later);
            }
        }
    )*};
}

streamed! {
    EncryptRequest, Encrypt, |this| this.data.is_none(), |_, _| {};
    DecryptRequest, Decrypt, |this| this.data.is_none(), |this, later| this.tag = later.tag.or(this.tag.take());
    SignRequest, Sign, |this| this.data.is_none() && this.digested_data.is_none(), |_, _| {};
    SignatureVerifyRequest, SignatureVerify, |_| false,
        |this, later| this.signature_data = later.signature_data.or(this.signature_data.take());
    MACRequest, MAC, |this| this.data.is_none(), |_, _| {};
    MACVerifyRequest, MACVerify, |_| false,
        |this, later| this.mac_data = later.mac_data.or(this.mac_data.take());
    HashRequest, Hash, |this| this.data.is_none(), |_, _| {};
}

/// Where in its parts a request stands.
pub struct Turn {
    /// How many bytes of the data were there before this part.
    pub before: usize,
    /// Whether this is the end.
    pub last: bool,
    /// The correlation value, once there is one.
    correlation: Option<Bytes>,
}

impl Turn {
    /// The one part of what comes whole.
    pub const WHOLE: Self = Self { before: 0, last: true, correlation: None };

    /// Joins a request with the parts before it: the request as it is so far, with the data that it refers to.
    pub fn take<R: Streamed>(cx: &mut Context<'_, '_>, mut request: R) -> OpResult<(R, Self)> {
        let fields = request.fields();
        if let Some(data) = fields.data.take() {
            *fields.data = Some(Data::Bytes(cx.resolve_data(data)?));
        }
        let (begins, ends) = (fields.init.take() == Some(true), fields.last.take() == Some(true));
        let correlation = fields.correlation.take();
        if (begins || correlation.is_some()) && !cx.settings().features.streaming {
            let text = "this server is configured not to take data in parts: send it whole";
            return refuse(Cause::FeatureNotSupported, text);
        }
        let Some(correlation) = correlation else {
            if !begins && request.lacks_data() {
                return refuse(
                    Cause::Missing,
                    "Data is missing: only where it comes in parts may one have none",
                );
            }
            let turn = Self { before: 0, last: ends || !begins, correlation: None };
            return Ok((request, turn));
        };
        if begins {
            return refuse(
                Cause::InvalidField,
                "the first part has no Correlation Value: the server gives it",
            );
        }
        let mut kept: R = fetch(cx, &correlation)?;
        let part = super::bytes(request.fields().data.take())?;
        let mut whole = super::bytes(kept.fields().data.take())?.expose().to_vec();
        let before = whole.len();
        if before + part.len() > WHOLE_BYTES_MAX {
            let found = before + part.len();
            let text = format!("with this part they have {found} bytes, and all may have {WHOLE_BYTES_MAX}");
            return refuse(Cause::Limit, text);
        }
        whole.extend_from_slice(part.expose());
        *kept.fields().data = Some(Data::Bytes(whole.into()));
        kept.take_over(request);
        Ok((kept, Self { before, last: ends, correlation: Some(correlation) }))
    }

    /// Whether this is the first part, or all at once.
    pub fn is_first(&self) -> bool {
        self.correlation.is_none()
    }

    /// What to answer with: between parts, and at their end, no data is no field.
    pub fn shown(&self, data: SecretBytes) -> Option<Data> {
        let whole = self.last && self.correlation.is_none();
        (whole || !data.is_empty()).then_some(Data::Bytes(data))
    }

    /// Keeps the request for the next part, or drops it after the last; returns the correlation value to answer with.
    pub fn keep<R: Streamed>(self, cx: &mut Context<'_, '_>, request: &R) -> OpResult<Option<Bytes>> {
        if self.last {
            if let Some(correlation) = &self.correlation {
                cx.draft.keep_part(correlation, None)?;
            }
            return Ok(None);
        }
        let correlation = match self.correlation {
            Some(correlation) => correlation,
            None => begin(cx)?,
        };
        let mut out = BinarySink::new(STORED);
        request.put(Tag::RequestPayload, &mut out);
        cx.draft.keep_part(&correlation, Some((R::OPERATION, out.finish().into())))?;
        Ok(Some(correlation))
    }
}

/// A new correlation value: the time of its beginning, then random bytes.
pub fn begin(cx: &mut Context<'_, '_>) -> OpResult<Bytes> {
    let mut open = 0;
    for correlation in cx.draft.parts()? {
        let began = correlation.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        if began + PATIENCE_SECONDS < cx.now() {
            cx.draft.keep_part(&correlation, None)?;
        } else {
            open += 1;
        }
    }
    if open >= OPEN_MAX {
        return refuse(
            Cause::Limit,
            format!("this client has {OPEN_MAX} operations in parts open: end one first"),
        );
    }
    let mut random = [0; 16];
    cx.entropy.fill(&mut random).map_err(Interrupt::Need)?;
    Ok([cx.now().to_be_bytes().as_slice(), &random].concat().into())
}

fn fetch<R: Streamed>(cx: &mut Context<'_, '_>, correlation: &[u8]) -> OpResult<R> {
    let unknown = || {
        let text =
            "no operation waits under this Correlation Value; it may have ended, or be one of another kind";
        Refusal::new(Cause::NoSuchParts, text)
    };
    let kept: SecretBytes = cx.draft.part(correlation, R::OPERATION)?.ok_or_else(unknown)?;
    let mut src = BinarySource::new(kept.expose());
    src.set_version(STORED);
    Ok(R::take(Tag::RequestPayload, &mut src).map_err(|_| unknown())?)
}
