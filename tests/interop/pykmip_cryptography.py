"""What PyKMIP's client lets the server compute, held against what another library computes with the same keys.

Not GCM: PyKMIP has no field for the tag, neither in the request nor in the answer."""

import hashlib
import hmac
import os

from cryptography.hazmat.primitives import cmac, hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from kmip.core import enums
from kmip.pie import objects

AES = enums.CryptographicAlgorithm.AES
RSA = enums.CryptographicAlgorithm.RSA
USE = enums.CryptographicUsageMask
MODE = enums.BlockCipherMode
METHOD = enums.DerivationMethod
SHA_256 = {"hashing_algorithm": enums.HashingAlgorithm.SHA_256}


def active(client, managed):
    """An object of the server's, ready for use."""
    uid = client.register(managed)
    client.activate(uid)
    return uid


def encrypted(key, mode, data):
    cipher = Cipher(algorithms.AES(key), mode).encryptor()
    return cipher.update(data) + cipher.finalize()


def ciphers(client):
    key, iv, data = os.urandom(32), os.urandom(16), os.urandom(50)
    uid = active(client, objects.SymmetricKey(AES, 256, key, masks=[USE.ENCRYPT, USE.DECRYPT]))
    padded = data + bytes([14]) * 14
    pkcs5 = enums.PaddingMethod.PKCS5
    for mode, pad, nonce, own in [
        (MODE.CBC, pkcs5, iv, encrypted(key, modes.CBC(iv), padded)),
        (MODE.ECB, pkcs5, None, encrypted(key, modes.ECB(), padded)),
        (MODE.CTR, None, iv, encrypted(key, modes.CTR(iv), data)),
    ]:
        given = {"cryptographic_algorithm": AES, "block_cipher_mode": mode, "padding_method": pad}
        theirs, _ = client.encrypt(data, uid, given, nonce)
        assert theirs == own, mode
        assert client.decrypt(theirs, uid, given, nonce) == data, mode
    # A nonce that the server makes comes with the answer.
    given = {"cryptographic_algorithm": AES, "block_cipher_mode": MODE.CBC, "padding_method": pkcs5, "random_iv": True}
    theirs, nonce = client.encrypt(data, uid, given)
    assert theirs == encrypted(key, modes.CBC(nonce), padded)


def macs(client):
    data = os.urandom(100)
    masks = [USE.MAC_GENERATE, USE.MAC_VERIFY]
    kinds = enums.CryptographicAlgorithm
    for algorithm, digest in [(kinds.HMAC_SHA256, hashlib.sha256), (kinds.HMAC_SHA512, hashlib.sha512)]:
        secret = os.urandom(32)
        uid = active(client, objects.SymmetricKey(algorithm, 256, secret, masks=masks))
        assert client.mac(data, uid, algorithm) == (uid, hmac.new(secret, data, digest).digest())
    secret = os.urandom(16)
    own = cmac.CMAC(algorithms.AES(secret))
    own.update(data)
    uid = active(client, objects.SymmetricKey(AES, 128, secret, masks=masks))
    assert client.mac(data, uid, AES) == (uid, own.finalize())


def asymmetric(client):
    key, data = rsa.generate_private_key(public_exponent=65537, key_size=2048), os.urandom(60)
    der = serialization.Encoding.DER
    pkcs8 = key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pkcs1 = key.public_key().public_bytes(der, serialization.PublicFormat.PKCS1)
    kinds = enums.KeyFormatType
    public = active(client, objects.PublicKey(RSA, 2048, pkcs1, kinds.PKCS_1, masks=[USE.VERIFY, USE.ENCRYPT]))
    private = active(client, objects.PrivateKey(RSA, 2048, pkcs8, kinds.PKCS_8, masks=[USE.SIGN, USE.DECRYPT]))
    sha = hashes.SHA256()
    pss = padding.PSS(padding.MGF1(sha), 32)
    for method, own in [(enums.PaddingMethod.PKCS1v15, padding.PKCS1v15()), (enums.PaddingMethod.PSS, pss)]:
        given = {"cryptographic_algorithm": RSA, "padding_method": method, **SHA_256}
        signature = client.sign(data, private, given)
        key.public_key().verify(signature, data, own, sha)
        assert client.signature_verify(data, signature, public, given) == enums.ValidityIndicator.VALID
        assert client.signature_verify(data + b"!", signature, public, given) == enums.ValidityIndicator.INVALID
    given = {"digital_signature_algorithm": enums.DigitalSignatureAlgorithm.SHA256_WITH_RSA_ENCRYPTION}
    key.public_key().verify(client.sign(data, private, given), data, padding.PKCS1v15(), sha)
    given = {"cryptographic_algorithm": RSA, "padding_method": enums.PaddingMethod.OAEP, **SHA_256}
    theirs, _ = client.encrypt(data, public, given)
    assert key.decrypt(theirs, padding.OAEP(padding.MGF1(sha), sha, None)) == data
    assert client.decrypt(theirs, private, given) == data


def cryptography(client):
    """Encrypt, Decrypt, MAC, Sign and Signature Verify."""
    ciphers(client)
    macs(client)
    asymmetric(client)


def kbkdf(base, purpose):
    fixed = {"label": None, "context": None, "fixed": purpose}
    shape = {"rlen": 4, "llen": None, "location": CounterLocation.BeforeFixed}
    return KBKDFHMAC(algorithm=hashes.SHA256(), mode=Mode.CounterMode, length=32, **shape, **fixed).derive(base)


def derived(client, version):
    """Each method of Derive Key gives what another library derives."""
    base, salt, iv, purpose = os.urandom(32), os.urandom(16), os.urandom(16), os.urandom(32)
    secret = active(client, objects.SecretData(base, enums.SecretDataType.PASSWORD, masks=[USE.DERIVE_KEY]))
    key = active(client, objects.SymmetricKey(AES, 256, base, masks=[USE.DERIVE_KEY]))
    pbkdf2 = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt, iterations=1000)
    cbc = {"block_cipher_mode": MODE.CBC}
    if version >= enums.KMIPVersion.KMIP_1_2:
        cbc["cryptographic_algorithm"] = AES
    data = {"cryptographic_parameters": SHA_256, "derivation_data": purpose}
    kinds = enums.ObjectType
    for method, of, parameters, own in [
        (METHOD.PBKDF2, secret, {"cryptographic_parameters": SHA_256, "salt": salt, "iteration_count": 1000}, pbkdf2.derive(base)),
        (METHOD.HASH, key, {"cryptographic_parameters": SHA_256}, hashlib.sha256(base).digest()),
        (METHOD.HMAC, key, data, hmac.new(base, purpose, hashlib.sha256).digest()),
        (METHOD.NIST800_108_C, key, data, kbkdf(base, purpose)),
        (
            METHOD.ENCRYPT,
            key,
            {"cryptographic_parameters": cbc, "initialization_vector": iv, "derivation_data": purpose},
            encrypted(base, modes.CBC(iv), purpose),
        ),
    ]:
        given = {"cryptographic_algorithm": AES, "cryptographic_length": 256, "cryptographic_usage_mask": [USE.ENCRYPT]}
        uid = client.derive_key(kinds.SYMMETRIC_KEY, [of], method, parameters, **given)
        assert client.get(uid).value == own, method
        given = {"cryptographic_length": 256, "cryptographic_usage_mask": [USE.DERIVE_KEY]}
        uid = client.derive_key(kinds.SECRET_DATA, [of], method, parameters, **given)
        assert client.get(uid).value == own, method
