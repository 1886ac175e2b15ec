"""Drives a running server with libmongocrypt, as a MongoDB driver does: explicit encryption with a key vault whose master
keys are a KMIP server's. No mongod is needed: the key vault is a list, and the state machine asks for the rest.

Prints a line a thing that went well; the first difference ends it with a traceback and exit code 1.
"""

import argparse
import os
import socket
import ssl

import bson
from pymongocrypt.errors import MongoCryptError
from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback

DETERMINISTIC = "AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic"
RANDOM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"


class Vault(MongoCryptCallback):
    """The key vault, and the connection to the server."""

    def __init__(self, arguments):
        self.context = ssl.create_default_context(cafile=arguments.ca)
        self.context.load_cert_chain(arguments.cert, arguments.key)
        self.keys = {}
        self.requests = 0

    def kms_request(self, kms_context):
        host, port = kms_context.endpoint.rsplit(":", 1)
        assert kms_context.kms_provider == "kmip", kms_context.kms_provider
        self.requests += 1
        with socket.create_connection((host, int(port)), timeout=20) as plain:
            with self.context.wrap_socket(plain, server_hostname=host) as tls:
                tls.sendall(kms_context.message)
                while kms_context.bytes_needed > 0:
                    data = tls.recv(kms_context.bytes_needed)
                    if not data:
                        raise OSError("the server closed the connection")
                    kms_context.feed(data)

    def fetch_keys(self, filter):
        wanted = bson.decode(filter)
        return [key for key in self.keys.values() if matches(bson.decode(key), wanted)]

    def insert_data_key(self, data_key):
        document = bson.decode(data_key)
        self.keys[bytes(document["_id"])] = bytes(data_key)
        return document["_id"]

    def bson_encode(self, doc):
        return bson.encode(doc)

    def collection_info(self, database, filter):
        raise NotImplementedError

    def mark_command(self, database, cmd):
        raise NotImplementedError

    def close(self):
        pass


def matches(document, wanted):
    """The few filters that libmongocrypt sends: $or and $in over _id and keyAltNames, or nothing."""
    for field, condition in wanted.items():
        if field == "$or":
            if not any(matches(document, one) for one in condition):
                return False
            continue
        values = document.get(field)
        values = values if isinstance(values, list) else [values]
        allowed = condition["$in"] if isinstance(condition, dict) else [condition]
        if not any(value in allowed for value in values):
            return False
    return True


def encrypter(vault, endpoint):
    options = MongoCryptOptions({"kmip": {"endpoint": endpoint}})
    return ExplicitEncrypter(vault, options)


def master_key(vault, key):
    return bson.decode(vault.keys[bytes(key)])["masterKey"]


def there_and_back(crypt, key, algorithm):
    value = bson.encode({"v": "the number of a card"})
    sealed = crypt.encrypt(value, algorithm, key_id=bytes(key))
    assert b"the number of a card" not in bytes(sealed)
    assert bytes(crypt.decrypt(sealed)) == value
    return bytes(sealed)


def main():
    parser = argparse.ArgumentParser()
    for option in ["host", "port", "cert", "key", "ca"]:
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    # libmongocrypt wants a name or an address with a port.
    endpoint = f"localhost:{arguments.port}"
    vault = Vault(arguments)

    key = encrypter(vault, endpoint).create_data_key("kmip", {}, ["first"])
    secret = master_key(vault, key)["keyId"]
    assert vault.requests == 3, f"Register, Activate, Get: {vault.requests}"
    print("a data key under a new secret of 96 bytes")

    # A driver that starts anew has nothing in memory.
    sealed = {there_and_back(encrypter(vault, endpoint), key, algorithm) for algorithm in [DETERMINISTIC, RANDOM]}
    again = there_and_back(encrypter(vault, endpoint), key, DETERMINISTIC)
    assert again in sealed and len(sealed) == 2
    print("encrypted and decrypted by drivers that start anew")

    named = encrypter(vault, endpoint).create_data_key("kmip", {"keyId": secret}, ["second"])
    assert master_key(vault, named)["keyId"] == secret
    there_and_back(encrypter(vault, endpoint), named, RANDOM)
    print("a data key under a secret that is there")

    delegated = encrypter(vault, endpoint).create_data_key("kmip", {"delegated": True}, ["third"])
    assert master_key(vault, delegated)["delegated"] is True
    there_and_back(encrypter(vault, endpoint), delegated, RANDOM)
    there_and_back(encrypter(vault, endpoint), delegated, DETERMINISTIC)
    print("a data key that the server encrypts and decrypts itself")

    crypt = encrypter(vault, endpoint)
    rewrapped = bson.decode(crypt.rewrap_many_data_key({}, "kmip", {"delegated": True}))
    assert len(rewrapped["v"]) == 3, rewrapped
    for document in rewrapped["v"]:
        key_id = bytes(document["_id"])
        vault.keys[key_id] = bson.encode({**bson.decode(vault.keys[key_id]), **document})
        assert document["masterKey"]["delegated"] is True
    there_and_back(encrypter(vault, endpoint), key, RANDOM)
    print("every data key wrapped anew")

    material = os.urandom(96)
    own = encrypter(vault, endpoint).create_data_key("kmip", {}, None, bson.binary.Binary(material))
    there_and_back(encrypter(vault, endpoint), own, RANDOM)
    print("a data key of the driver's own material")

    try:
        encrypter(vault, endpoint).create_data_key("kmip", {"keyId": "nothing"})
    except MongoCryptError as error:
        assert "Item Not Found" in str(error), error
    else:
        raise AssertionError("a secret that is not there was found")
    print("a secret that is not there")


if __name__ == "__main__":
    main()
