//! Every key of the configuration, and what may stand in its place.

/// A table of the file, and its keys with a right value each. `[]` is a table of rows. `FILE`, `FOLDER` and `ABSENT` are paths.
pub type Section = (&'static str, &'static [(&'static str, &'static str)]);

pub const FINGERPRINT: &str = "sha256:9ebaa01b00112233445566778899aabbccddeeff00112233445566778899aabb";

pub const HASH: &str = "pbkdf2-sha256:600000:00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub const SECTIONS: &[Section] = &[
    ("", &[("listen", r#"["127.0.0.1:5696"]"#), ("interop", "true")]),
    ("https", &[("listen", r#"["127.0.0.1:5697"]"#)]),
    ("https.public[]", &[("uri", r#""https://kms.example.com/kmip""#), ("port", "443")]),
    (
        "tls",
        &[
            ("certificate", "FILE"),
            ("key", "FILE"),
            ("second_certificate", "FILE"),
            ("second_key", "FILE"),
            ("ca", "FILE"),
            ("crl", "[FILE]"),
            ("crl_grace_seconds", "0"),
            ("ca_key", "FILE"),
            ("client_days", "30"),
            ("minimum", r#""1.2""#),
            ("suite_b", r#""128""#),
        ],
    ),
    ("store", &[("engine", r#""redb""#), ("path", "ABSENT"), ("cache_bytes", "268435456")]),
    (
        "hsm",
        &[
            ("module", "FILE"),
            ("token", r#""keystead""#),
            ("pin_file", "FILE"),
            ("workers", "2"),
            ("call_timeout_seconds", "5"),
            ("softhsm_config", "FILE"),
        ],
    ),
    ("vault", &[("mode", r#""cached""#), ("cache_seconds", "300")]),
    (
        "limits",
        &[
            ("connections", "100"),
            ("connections_per_address", "10"),
            ("connections_per_client", "5"),
            ("message_bytes", "20000"),
            ("answer_bytes", "20000"),
            ("change_bytes", "20000"),
            ("bytes_in_flight", "268435456"),
            ("bytes_in_flight_per_client", "67108864"),
            ("requests_per_client", "8"),
            ("batch_items", "10"),
            ("searched_objects", "10000"),
            ("located_items", "10"),
            ("work_milliseconds", "1000"),
            ("rsa_bits", "8192"),
            ("pbkdf2_iterations", "1000"),
            ("tickets", "4"),
            ("ticket_seconds", "60"),
            ("handshake_seconds", "5"),
            ("message_seconds", "5"),
            ("write_seconds", "5"),
            ("idle_seconds", "5"),
            ("connection_seconds", "5"),
            ("notices", "5"),
            ("date_check_seconds", "5"),
            ("stop_seconds", "5"),
        ],
    ),
    ("asynchronous", &[("delay_milliseconds", "1"), ("requests", "1"), ("answer_seconds", "1")]),
    (
        "groups[]",
        &[
            ("name", r#""storage""#),
            ("members", r#"["host-a"]"#),
            ("default", "true"),
            ("disclose", "true"),
            ("weak_keys", "false"),
            ("persona", r#""standard""#),
        ],
    ),
    ("clients[]", &[("name", r#""host-b""#), ("persona", r#""vmware""#)]),
    ("personas[]", &[("name", r#""lab""#), ("based_on", r#""vmware""#)]),
    ("personas[].switches", &[]),
    ("attestation[]", &[("client", r#""rack-7""#), ("key", "FILE"), ("operations", r#"["Get"]"#)]),
    (
        "attestation[].registers",
        &[("7", r#""65caf8dd1e0ea7a6347b635d2b379c93b9a1351edc2afc3ecda700e234eb3068""#)],
    ),
    (
        "credentials[]",
        &[
            ("name", r#""fred""#),
            ("username", r#""Fred""#),
            (
                "password",
                r#""pbkdf2-sha256:600000:00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff""#,
            ),
            ("clients", r#"["array"]"#),
        ],
    ),
    (
        "objects",
        &[
            ("lease_seconds", "3600"),
            ("weak_keys", "false"),
            ("withheld", r#"["AES"]"#),
            ("danger_reuse_one_time_pads", "false"),
        ],
    ),
    (
        "object_groups[]",
        &[("name", r#""fresh""#), ("algorithm", r#""AES""#), ("length", "256"), ("usage", r#"["Encrypt"]"#)],
    ),
    ("rng", &[("seeding", r#""ignore""#), ("seed_bytes_max", "64")]),
    ("certify", &[("certificate", "FILE"), ("key", "FILE"), ("days", "30"), ("anchors", "[FILE]")]),
    ("audit", &[("reads", r#""written""#)]),
    ("log", &[("level", r#""info""#)]),
    ("explain", &[("enabled", "true"), ("exchanges", "1"), ("clients", "1"), ("bytes", "100000")]),
    ("admin", &[("names", r#"["admin"]"#)]),
    (
        "server",
        &[
            ("vendor", r#""Keystead""#),
            ("name", r#""kms""#),
            ("serial_number", r#""1""#),
            ("cluster", r#""c""#),
            ("failover", r#"["kms-b:5696"]"#),
            ("details", "true"),
        ],
    ),
    (
        "features",
        &[
            ("streaming", "true"),
            ("asynchronous", "true"),
            ("batch_undo", "true"),
            ("batch_continue", "true"),
        ],
    ),
    (
        "endpoints[]",
        &[
            ("client", r#""host-a""#),
            ("address", r#""host-a:5697""#),
            ("server_name", r#""host-a""#),
            ("version", r#""1.4""#),
            ("notify", r#""others""#),
            ("put", r#"["new"]"#),
            ("query", r#"["QueryOperations"]"#),
        ],
    ),
    (
        "extensions[]",
        &[
            ("name", r#""Rack""#),
            ("tag", "0x540001"),
            ("type", r#""TextString""#),
            ("description", r#""where""#),
        ],
    ),
    (
        "validations[]",
        &[
            ("authority", r#""NISTCMVP""#),
            ("country", r#""US""#),
            ("authority_uri", r#""https://a""#),
            ("version_major", "2"),
            ("version_minor", "0"),
            ("type", r#""Hardware""#),
            ("level", "3"),
            ("certificate", r#""4703""#),
            ("certificate_uri", r#""https://a""#),
            ("vendor_uri", r#""https://a""#),
            ("profiles", r#"["p"]"#),
        ],
    ),
];

/// Keys that stand in the place of another.
pub const INSTEAD: &[(&str, &str, &str, &str)] = &[
    ("hsm", "serial", r#""123""#, "token"),
    ("hsm", "slot", "7", "token"),
    ("hsm", "pin_descriptor", "9", "pin_file"),
    ("credentials[]", "device", r#""d-1""#, "username"),
    ("certify", "object", r#""1f0c""#, "key"),
];

/// Keys that are tables themselves, or are told of in a test of their own.
pub const TABLES: &[&str] = &["danger_software_keys", "public", "switches", "registers"];

/// Texts that may be anything but empty.
pub const FREE: &[&str] = &[
    "hsm.token",
    "hsm.serial",
    "groups[0].name",
    "clients[0].name",
    "personas[0].name",
    "attestation[0].client",
    "credentials[0].name",
    "credentials[0].username",
    "credentials[0].device",
    "object_groups[0].name",
    "certify.object",
    "server.vendor",
    "server.name",
    "server.serial_number",
    "server.cluster",
    "endpoints[0].client",
    "endpoints[0].server_name",
    "endpoints[0].address",
    "extensions[0].name",
    "extensions[0].description",
    "validations[0].country",
    "validations[0].authority_uri",
    "validations[0].certificate",
    "validations[0].certificate_uri",
    "validations[0].vendor_uri",
    "store.path",
    "attestation[0].registers.7",
    "https.public[0].uri",
    "log.level",
];

/// Lists that may be empty, which says as much as leaving the key out.
pub const MAY_BE_EMPTY: &[&str] = &[
    "https.listen",
    "tls.crl",
    "groups[0].members",
    "credentials[0].clients",
    "objects.withheld",
    "certify.anchors",
    "admin.names",
    "server.failover",
    "endpoints[0].put",
    "endpoints[0].query",
    "validations[0].profiles",
];
