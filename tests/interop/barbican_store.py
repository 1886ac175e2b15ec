"""Drives a running server with Barbican's KMIP secret store, without the rest of Barbican: every algorithm and length that
the plugin says it supports is generated, every type of secret is stored, got back and deleted.

What the plugin supports and must be refused all the same stands in REFUSED, each with its reason; anything else that fails,
and anything of the table that succeeds, is an error. Prints how many passed and how many were refused.
"""

import argparse
import base64
import datetime
import os
import shutil
import ssl
import sys
import tempfile

if not hasattr(ssl, "wrap_socket"):  # Python 3.12 removed it, and PyKMIP 0.10 calls it.

    def wrap_socket(sock, keyfile, certfile, cert_reqs, ssl_version, ca_certs, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = cert_reqs
        context.load_cert_chain(certfile, keyfile)
        context.load_verify_locations(ca_certs)
        return context.wrap_socket(sock, **options)

    ssl.wrap_socket = wrap_socket

sys.argv, arguments = sys.argv[:1], sys.argv[1:]

from barbican.plugin import kmip_secret_store as kmip  # noqa: E402: it reads sys.argv as it is loaded
from barbican.plugin.interface import secret_store as ss  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import dsa, rsa  # noqa: E402

ALG, TYPE = ss.KeyAlgorithm, ss.SecretType

# What is refused, by (what is done, algorithm, length), and why.
REFUSED = {
    ("generate", ALG.DES, 56): "DES keys have 64 bits in KMIP, parity included",
    **{
        ("generate", ALG.DESEDE, bits): "Triple DES has 112 or 168 bits, in KMIP counted as 128 or 192 with parity"
        for bits in [56, 64, 112, 168]
    },
    **{("generate", ALG.DSA, bits): "no DSA pair is made: FIPS 186-5 has none any more" for bits in [1024, 2048, 3072]},
    **{
        (f"store {kind} in PKCS#1", ALG.RSA, bits): "the plugin sends PKCS#1 and says PKCS#8 or X.509"
        for kind in [TYPE.PRIVATE, TYPE.PUBLIC]
        for bits in [2048, 3072, 4096]
    },
}


def store(options, pkcs1_only):
    conf = kmip.CONF
    for name, value in {
        "host": options.host,
        "port": int(options.port),
        "certfile": options.cert,
        "keyfile": options.key,
        "ca_certs": options.ca,
        "ssl_version": "PROTOCOL_TLSv1_2",
        "pkcs1_only": pkcs1_only,
    }.items():
        conf.set_override(name, value, group="kmip_plugin")
    return kmip.KMIPSecretStore(conf)


def pem(key, private):
    if private:
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def certificate(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "barbican")])
    now = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now)
    builder = builder.not_valid_after(now + datetime.timedelta(days=3650))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Tally:
    def __init__(self):
        self.passed, self.refused, self.wrong = 0, 0, []

    def run(self, what, algorithm, bits, call):
        """Runs a case, which must end as the table says."""
        wanted = REFUSED.get((what, algorithm, bits))
        try:
            call()
        except ss.SecretGeneralException as error:
            if wanted is None:
                self.wrong.append(f"{what} {algorithm} {bits}: {error.args}")
            self.refused += 1
            return
        if wanted is not None:
            self.wrong.append(f"{what} {algorithm} {bits}: not refused, though {wanted}")
        self.passed += 1


def generated(plugin, tally, kinds):
    """Every algorithm and length that the plugin offers, got back and deleted."""
    for algorithm, entry in plugin.valid_alg_dict.items():
        lengths = entry[kmip.KMIPSecretStore.VALID_BIT_LENGTHS] or [80, 128, 160, 256, 512]
        for bits in lengths:
            spec = ss.KeySpec(algorithm, bits)
            assert plugin.generate_supports(spec)

            def call():
                if algorithm in kinds.SYMMETRIC_ALGORITHMS:
                    made = [(TYPE.SYMMETRIC, plugin.generate_symmetric_key(spec))]
                else:
                    pair = plugin.generate_asymmetric_key(spec)
                    made = [(TYPE.PRIVATE, pair.private_key_meta), (TYPE.PUBLIC, pair.public_key_meta)]
                for kind, meta in made:
                    got = plugin.get_secret(kind, meta)
                    assert (got.key_spec.alg, got.key_spec.bit_length) == (algorithm, bits), got.key_spec
                    plugin.delete_secret(meta)
                    try:
                        plugin.get_secret(kind, meta)
                    except ss.SecretGeneralException:
                        continue
                    raise AssertionError("it was deleted, and is there")

            tally.run("generate", algorithm, bits, call)


def stored(plugin, tally):
    """Every type of secret there and back, byte for byte."""
    cases = [(TYPE.PASSPHRASE, None, None, b"correct horse battery staple"), (TYPE.OPAQUE, None, None, os.urandom(57))]
    cases += [(TYPE.SYMMETRIC, ALG.AES, bits, os.urandom(bits // 8)) for bits in [128, 192, 256]]
    # Three different keys: that of two alike is refused as weak.
    cases += [(TYPE.SYMMETRIC, ALG.DESEDE, 192, os.urandom(24))]
    hmacs = {ALG.HMACSHA1: 160, ALG.HMACSHA256: 256, ALG.HMACSHA384: 384, ALG.HMACSHA512: 512}
    cases += [(TYPE.SYMMETRIC, algorithm, bits, os.urandom(bits // 8)) for algorithm, bits in hmacs.items()]
    for bits in [2048, 3072, 4096]:
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        cases += [(TYPE.PRIVATE, ALG.RSA, bits, pem(key, True)), (TYPE.PUBLIC, ALG.RSA, bits, pem(key, False))]
    cases += [(TYPE.CERTIFICATE, None, None, certificate(key))]
    if not plugin.pkcs1_only:
        key = dsa.generate_private_key(key_size=2048)
        cases += [(TYPE.PRIVATE, ALG.DSA, 2048, pem(key, True)), (TYPE.PUBLIC, ALG.DSA, 2048, pem(key, False))]
    for kind, algorithm, bits, secret in cases:
        encoded = base64.b64encode(secret)
        dto = ss.SecretDTO(kind, encoded, ss.KeySpec(algorithm, bits), content_type=None)

        def call():
            metas = [plugin.store_secret(dto) for _ in range(2)]
            assert metas[0] != metas[1], "the same secret twice is two secrets"
            for meta in metas:
                got = plugin.get_secret(kind, meta)
                assert base64.b64decode(got.secret).strip() == secret.strip(), kind
                plugin.delete_secret(meta)

        in_pkcs1 = plugin.pkcs1_only and kind in [TYPE.PRIVATE, TYPE.PUBLIC]
        tally.run(f"store {kind}" + (" in PKCS#1" if in_pkcs1 else ""), algorithm, bits, call)


def main():
    parser = argparse.ArgumentParser()
    for option in ["host", "port", "cert", "key", "ca"]:
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        # The plugin wants a key that nobody but its owner reads, and nobody writes.
        key = os.path.join(folder, "client.key")
        shutil.copy(options.key, key)
        os.chmod(key, 0o400)
        options.key = key
        tally = Tally()
        for pkcs1_only in [False, True]:
            plugin = store(options, pkcs1_only)
            generated(plugin, tally, ALG)
            stored(plugin, tally)
    for line in tally.wrong:
        print(line, file=sys.stderr)
    assert not tally.wrong, f"{len(tally.wrong)} cases did not end as the table says"
    print(f"{tally.passed} passed, {tally.refused} refused for the reasons of the table")


if __name__ == "__main__":
    main()
