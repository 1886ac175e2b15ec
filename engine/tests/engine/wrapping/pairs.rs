//! Key pairs that wrap and sign.

use super::*;

/// RSA as OpenSSL has it: OAEP and PKCS#1 to wrap, PSS to sign; the other half of the pair is found by its link.
#[test]
fn pairs_wrap_and_sign() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    openssl.run("genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem").unwrap();
    openssl.run("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.pk8").unwrap();
    openssl.run("pkey -in key.pem -pubout -outform DER -out key.spki").unwrap();
    let (private, public) = rsa_pair(&mut bench, &who, &openssl);
    let id = create(&mut bench, &who, &[]);
    let clear = in_clear(&mut bench, &who, V2_1, &id).unwrap();
    let oaep = CryptographicParameters {
        padding_method: Some(PaddingMethod::OAEP),
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..CryptographicParameters::default()
    };
    let pss = CryptographicParameters { padding_method: Some(PaddingMethod::PSS), ..oaep.clone() };
    for method in METHODS.iter().copied() {
        let specification = KeyWrappingSpecification {
            wrapping_method: method,
            encryption_key_information: information(&public, Some(oaep.clone())).filter(|_| encrypts(method)),
            mac_signature_key_information: information(&private, Some(pss.clone()))
                .filter(|_| authenticates(method)),
            encoding_option: Some(EncodingOption::NoEncoding),
            ..KeyWrappingSpecification::default()
        };
        let mut wrapped = bench.ask(&who, V2_1, get(&id, Some(specification))).unwrap().object;
        let kept = register(&mut bench, &who, wrapped.clone());
        let opened = in_clear(&mut bench, &who, V2_1, &kept).unwrap();
        assert_eq!(material(&opened), material(&clear), "{method:?}");
        if authenticates(method) {
            refuses_what_was_changed(&mut bench, &who, &wrapped, &format!("{method:?} with RSA"));
        }
        if method == WrappingMethod::Encrypt {
            openssl.write("wrapped", wrapped_bytes(wrapped.key_block_mut().unwrap()).expose());
            let options =
                "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256";
            openssl
                .run(&format!("pkeyutl -decrypt -inkey key.pem -in wrapped -out opened {options}"))
                .unwrap();
            assert_eq!(&KeyMaterial::Bytes(openssl.read("opened").into()), material(&clear));
        }
    }
}

/// The halves as they are registered, linked to one another: private and public.
fn rsa_pair(bench: &mut Bench, who: &Principal, openssl: &OpenSsl) -> (String, String) {
    let block = |format, file| KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(2048),
        ..bytes_block(format, &openssl.read(file))
    };
    let mut half = |object: ManagedObject, mask| {
        let attributes = [Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(1))];
        let (object_type, attributes) = (object.object_type(), attributes.into());
        let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
        text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
    };
    let key_block = block(KeyFormatType::PKCS_8, "key.pk8");
    let private = half(ManagedObject::PrivateKey(PrivateKey { key_block }), Use::Sign | Use::UnwrapKey);
    let key_block = block(KeyFormatType::X_509, "key.spki");
    let public = half(ManagedObject::PublicKey(PublicKey { key_block }), Use::Verify | Use::WrapKey);
    for (from, kind, to) in
        [(&private, LinkType::PublicKeyLink, &public), (&public, LinkType::PrivateKeyLink, &private)]
    {
        let link = Attribute::Link(Link { kind, linked: to.as_str().into() });
        let request =
            AddAttributeRequest { unique_identifier: Some(from.as_str().into()), attribute: link.into() };
        bench.ask(who, V2_1, request).unwrap();
    }
    (private, public)
}
