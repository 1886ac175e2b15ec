//! TTLV as the clients write it, on its own: what is tested here must not be read and written by the same code.

use std::ops::Index;

/// Tags, with their numbers from the tables of the specifications.
pub mod tag {
    macro_rules! tags { ($($name:ident = $number:literal;)*) => { $(pub const $name: u32 = $number;)* } }
    tags! {
        ATTRIBUTE = 0x42_0008; ATTRIBUTE_NAME = 0x42_000A; ATTRIBUTE_VALUE = 0x42_000B;
        AUTHENTICATION = 0x42_000C; BATCH_COUNT = 0x42_000D; ON_ERROR = 0x42_000E; BATCH_ITEM = 0x42_000F;
        IN_ORDER = 0x42_0010; BLOCK_CIPHER_MODE = 0x42_0011; COMMON_TEMPLATE = 0x42_001F;
        COMPROMISE_OCCURRENCE_DATE = 0x42_0021; CREDENTIAL = 0x42_0023; CREDENTIAL_TYPE = 0x42_0024;
        CREDENTIAL_VALUE = 0x42_0025; CRYPTOGRAPHIC_ALGORITHM = 0x42_0028; CRYPTOGRAPHIC_LENGTH = 0x42_002A;
        CRYPTOGRAPHIC_PARAMETERS = 0x42_002B; IV = 0x42_003D; KEY_BLOCK = 0x42_0040; KEY_FORMAT_TYPE = 0x42_0042;
        KEY_MATERIAL = 0x42_0043; KEY_VALUE = 0x42_0045; MAXIMUM_ITEMS = 0x42_004F;
        MAXIMUM_RESPONSE_SIZE = 0x42_0050; NAME_TYPE = 0x42_0054; NAME_VALUE = 0x42_0055; OBJECT_TYPE = 0x42_0057;
        OPERATION = 0x42_005C; PADDING_METHOD = 0x42_005F; PRIVATE_KEY = 0x42_0064; PRIVATE_TEMPLATE = 0x42_0065;
        PRIVATE_KEY_ID = 0x42_0066; PROTOCOL_VERSION = 0x42_0069; MAJOR = 0x42_006A; MINOR = 0x42_006B;
        PUBLIC_KEY = 0x42_006D; PUBLIC_TEMPLATE = 0x42_006E; PUBLIC_KEY_ID = 0x42_006F; QUERY_FUNCTION = 0x42_0074;
        REQUEST_HEADER = 0x42_0077; REQUEST_MESSAGE = 0x42_0078; REQUEST_PAYLOAD = 0x42_0079;
        RESPONSE_HEADER = 0x42_007A; RESPONSE_PAYLOAD = 0x42_007C;
        RESULT_REASON = 0x42_007E; RESULT_STATUS = 0x42_007F; REVOCATION_REASON = 0x42_0081;
        REVOCATION_REASON_CODE = 0x42_0082; SECRET_DATA = 0x42_0085; SECRET_DATA_TYPE = 0x42_0086;
        SYMMETRIC_KEY = 0x42_008F; TEMPLATE = 0x42_0091; BATCH_ID = 0x42_0093; ID = 0x42_0094; USERNAME = 0x42_0099;
        PASSWORD = 0x42_00A1; DATA = 0x42_00C2; RANDOM_IV = 0x42_00C5;
        ATTRIBUTE_INDEX = 0x42_0009; TAG_LENGTH = 0x42_00CE; OFFSET_ITEMS = 0x42_00D4; ADDITIONAL_DATA = 0x42_00FE;
        AUTHENTICATED_TAG = 0x42_00FF; RESPONSE_MESSAGE = 0x42_007B; TIME_STAMP = 0x42_0092;
    }
}

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub tag: u32,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Structure(Vec<Item>),
    /// Everything else: the type byte and the bytes.
    Plain(u8, Vec<u8>),
}

pub fn structure(tag: u32, items: Vec<Item>) -> Item {
    Item { tag, value: Value::Structure(items) }
}

fn plain(tag: u32, kind: u8, bytes: &[u8]) -> Item {
    Item { tag, value: Value::Plain(kind, bytes.to_vec()) }
}

pub fn integer(tag: u32, value: i32) -> Item {
    plain(tag, 2, &value.to_be_bytes())
}

pub fn enumeration(tag: u32, value: u32) -> Item {
    plain(tag, 5, &value.to_be_bytes())
}

pub fn boolean(tag: u32, value: bool) -> Item {
    plain(tag, 6, &u64::from(value).to_be_bytes())
}

pub fn text(tag: u32, value: &str) -> Item {
    plain(tag, 7, value.as_bytes())
}

pub fn bytes(tag: u32, value: &[u8]) -> Item {
    plain(tag, 8, value)
}

pub fn date(tag: u32, value: i64) -> Item {
    plain(tag, 9, &value.to_be_bytes())
}

impl Item {
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body) = match &self.value {
            Value::Structure(items) => (1, items.iter().flat_map(Self::encode).collect()),
            Value::Plain(kind, bytes) => (*kind, bytes.clone()),
        };
        let mut out = self.tag.to_be_bytes()[1..].to_vec();
        out.push(kind);
        out.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        out.extend(&body);
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    /// The item at the start, and what follows it.
    fn split(input: &[u8]) -> (Self, &[u8]) {
        let tag = u32::from_be_bytes([0, input[0], input[1], input[2]]);
        let length = u32::from_be_bytes(input[4..8].try_into().unwrap()) as usize;
        let (mut body, rest) = (&input[8..8 + length], &input[8 + length.next_multiple_of(8)..]);
        let value = if input[3] == 1 {
            let mut items = Vec::new();
            while !body.is_empty() {
                let (item, rest) = Self::split(body);
                items.push(item);
                body = rest;
            }
            Value::Structure(items)
        } else {
            Value::Plain(input[3], body.to_vec())
        };
        (Self { tag, value }, rest)
    }

    pub fn decode(message: &[u8]) -> Self {
        let (item, rest) = Self::split(message);
        assert!(rest.is_empty(), "bytes behind the message");
        item
    }

    pub fn items(&self) -> &[Item] {
        match &self.value {
            Value::Structure(items) => items,
            Value::Plain(..) => panic!("{self:?} is no structure"),
        }
    }

    pub fn all(&self, tag: u32) -> impl Iterator<Item = &Item> {
        self.items().iter().filter(move |item| item.tag == tag)
    }

    pub fn find(&self, tag: u32) -> Option<&Item> {
        self.all(tag).next()
    }

    pub fn bytes(&self) -> &[u8] {
        match &self.value {
            Value::Plain(_, bytes) => bytes,
            Value::Structure(_) => panic!("{self:?} is a structure"),
        }
    }

    pub fn text(&self) -> String {
        assert!(matches!(self.value, Value::Plain(7, _)), "{self:?} is no text");
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }

    /// An Integer or an Enumeration.
    pub fn number(&self) -> u32 {
        assert!(matches!(self.value, Value::Plain(2 | 5, _)), "{self:?} is no number");
        u32::from_be_bytes(self.bytes().try_into().unwrap())
    }
}

impl Index<u32> for Item {
    type Output = Item;

    fn index(&self, tag: u32) -> &Item {
        self.find(tag).unwrap_or_else(|| panic!("no {tag:x} in {self:?}"))
    }
}
