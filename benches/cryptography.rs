//! What a use of a key costs: ciphers and MACs by the kilobyte, signatures and decryption by the piece.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keystead::crypto::cipher::{Authenticated, Cipher, Direction, Kind};
use keystead::crypto::pkey::{Key, Padding};
use keystead::crypto::{Digest, key_wrap, mac, xts};
use keystead::engine::need::PairKind;
use keystead::keygen;
use kmip_codec::enums::RecommendedCurve;
use std::hint::black_box;

const DATA: [u8; 16 << 10] = [5; 16 << 10];

fn ciphers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cipher, 16 KiB");
    group.throughput(Throughput::Bytes(DATA.len() as u64));
    let kinds = [
        Kind::Aes256Cbc,
        Kind::Aes256Ctr,
        Kind::Aes256Gcm,
        Kind::Aes256Ccm,
        Kind::Aes256Xts,
        Kind::ChaCha20Poly1305,
        Kind::Des3Cbc,
    ];
    for kind in kinds {
        let key: Vec<u8> = (0..kind.key_bytes()).map(|at| at as u8).collect();
        let iv = vec![3; (*kind.iv_bytes().end()).min(if kind.is_aead() { 12 } else { 16 })];
        let with = Authenticated { additional_data: b"", tag: None, tag_bytes: 16, data_bytes: DATA.len() };
        group.bench_function(format!("{kind:?}"), |bencher| {
            bencher.iter(|| {
                let mut run = Cipher::start(kind, Direction::Encrypt, &key, &iv, Some(with)).unwrap();
                (run.update(black_box(&DATA)).unwrap(), run.finish().unwrap())
            });
        });
    }
    let key: Vec<u8> = (0..32).collect();
    group.bench_function("Aes128Xts", |bencher| {
        bencher.iter(|| xts::aes128(Direction::Encrypt, &key, &[3; 16], black_box(&DATA)).unwrap());
    });
    group.finish();
}

fn codes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("digest and MAC, 16 KiB");
    group.throughput(Throughput::Bytes(DATA.len() as u64));
    for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512, Digest::Sha3_256] {
        group.bench_function(format!("{digest:?}"), |bencher| bencher.iter(|| digest.of(black_box(&DATA))));
    }
    group.bench_function("HMAC-SHA-256", |bencher| {
        bencher.iter(|| mac::hmac(Digest::Sha256, &[7; 32], black_box(&DATA)).unwrap());
    });
    group.bench_function("AES-CMAC", |bencher| {
        bencher.iter(|| mac::cmac_aes(&[7; 16], black_box(&DATA)).unwrap());
    });
    group.finish();
}

fn pairs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pair");
    let digest = Digest::Sha256;
    let digested = digest.of(&DATA);
    let kinds = [PairKind::Rsa(2048), PairKind::Ec(RecommendedCurve::P_256), PairKind::Ed25519];
    for kind in kinds {
        let made = keygen::make(kind).unwrap();
        let private = Key::private(made.private_pkcs8.expose()).unwrap();
        let public = Key::public(&made.public_spki).unwrap();
        let named = (kind != PairKind::Ed25519).then_some(digest);
        let signature = private.sign(Padding::Pkcs1, named, &digested).unwrap();
        group.bench_function(format!("{kind:?} signs"), |bencher| {
            bencher.iter(|| private.sign(Padding::Pkcs1, named, black_box(&digested)).unwrap());
        });
        group.bench_function(format!("{kind:?} verifies"), |bencher| {
            bencher
                .iter(|| public.verifies(Padding::Pkcs1, named, &digested, black_box(&signature)).unwrap());
        });
    }
    group.finish();
}

fn wrapping(criterion: &mut Criterion) {
    criterion.bench_function("AES key wrap of 256 bits", |bencher| {
        bencher.iter(|| key_wrap::wrap(&[7; 32], black_box(&[5; 32]), false).unwrap());
    });
}

criterion_group!(all, ciphers, codes, pairs, wrapping);
criterion_main!(all);
