"""Drives a running server with cyphera-kmip, a client of KMIP 1.4 with an encoder of its own.

Its list of tags has mistakes, which are put right here; what it encodes in another order than KMIP must be refused, and
the connection goes on.
"""

import argparse
import os
import uuid

from cyphera_kmip import KmipClient
from cyphera_kmip.operations import KmipError
from cyphera_kmip.tags import Algorithm, ObjectType, Tag

# Tags for which the client has the numbers of others.
PUT_RIGHT = {
    "Data": 0x4200C2,
    "IVCounterNonce": 0x42003D,
    "MACData": 0x4200C6,
    "ResultMessage": 0x42007D,
    "ResultReason": 0x42007E,
    "RevocationReason": 0x420081,
    "RevocationReasonCode": 0x420082,
    "SignatureData": 0x4200C3,
    "ValidityIndicator": 0x42009B,
}
for tag, number in PUT_RIGHT.items():
    assert getattr(Tag, tag) != number, f"{tag} is right now"
    setattr(Tag, tag, number)

ITEM_NOT_FOUND, INVALID_MESSAGE, INVALID_FIELD, PERMISSION_DENIED, OBJECT_ARCHIVED = 1, 4, 7, 0xC, 0xD
VERSIONS = [(2, 1), (2, 0), (1, 4), (1, 3), (1, 2), (1, 1), (1, 0)]


def refused(call, *args):
    """The Result Reason that the call is refused with."""
    try:
        call(*args)
    except KmipError as error:
        assert error.result_status == 1, error
        return error.result_reason
    raise AssertionError(f"{call.__name__} was not refused")


def keys(client, name):
    """Keys that are made and registered, from their making to their end."""
    made = client.create(name, "AES", 256)["unique_identifier"]
    key = client.get(made)
    assert key["object_type"] == ObjectType.SymmetricKey and len(key["key_material"]) == 32
    assert client.locate(name) == [made] and client.fetch_key(name) == key["key_material"]
    assert client.locate(name + "-nobody") == []
    other = client.create(name + "-other", "AES", 128)["unique_identifier"]
    client.activate(made)
    assert refused(client.destroy, made) == PERMISSION_DENIED
    new = client.re_key(made)["unique_identifier"]
    assert client.locate(name) == [new] and client.get(new)["key_material"] != key["key_material"]
    assert client.check(made)["unique_identifier"] == made
    assert client.obtain_lease(made) > 0
    material = client.fetch_key(name + "-other")
    client.archive(other)
    assert refused(client.get, other) == OBJECT_ARCHIVED
    client.recover(other)
    assert client.get(other)["key_material"] == material
    client.destroy(other)
    assert refused(client.get, other) == ITEM_NOT_FOUND and client.locate(name + "-other") == []
    return made


def attributes(client, key):
    names = client.get_attribute_list(key)
    assert {"State", "Object Type", "Cryptographic Algorithm", "Cryptographic Length"} <= set(names), names
    assert client.get_attributes(key)["unique_identifier"] == key
    client.add_attribute(key, "x-Purpose", "backup")
    client.modify_attribute(key, "x-Purpose", "restore")
    assert "x-Purpose" in client.get_attribute_list(key)


def server(client):
    assert [(one["major"], one["minor"]) for one in client.discover_versions()["versions"]] == VERSIONS
    # Its Query asks for nothing, and is told nothing.
    assert client.query() == {"operations": [], "object_types": []}
    assert refused(client.get, str(uuid.uuid4())) == ITEM_NOT_FOUND


def cryptography(client, key):
    """It names no mode of its cipher, and the keys that it makes have none and may do nothing but encrypt."""
    data = bytes(16)
    for reason, call, *args in [
        (INVALID_FIELD, client.encrypt, key, data),
        (INVALID_FIELD, client.decrypt, key, data, data),
        (PERMISSION_DENIED, client.mac, key, data),
        (PERMISSION_DENIED, client.sign, key, data),
        (PERMISSION_DENIED, client.signature_verify, key, data, data),
    ]:
        assert refused(call, *args) == reason, call.__name__


def mistaken(client, key, name):
    """A field is missing, or the payload has one that is not its own."""
    for reason, call, *args in [
        (INVALID_MESSAGE, client.register, ObjectType.SymmetricKey, bytes(16), name + "-own", Algorithm.AES, 128),
        (INVALID_FIELD, client.create_key_pair, name + "-pair", Algorithm.RSA, 2048),
        (INVALID_MESSAGE, client.derive_key, key, b"data", name + "-derived", 256),
        (INVALID_FIELD, client.delete_attribute, key, "x-Purpose"),
        (INVALID_MESSAGE, client.poll,),
    ]:
        assert refused(call, *args) == reason, call.__name__
    assert client.locate(name + "-own") == [] and client.get(key)["unique_identifier"] == key


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    for option in ("--cert", "--key", "--ca"):
        parser.add_argument(option, required=True)
    args = parser.parse_args()
    client = KmipClient(args.host, args.cert, args.key, port=args.port, ca_cert=args.ca)
    name = f"cyphera-{uuid.uuid4()}"
    key = keys(client, name)
    attributes(client, key)
    server(client)
    mistaken(client, key, name)
    cryptography(client, key)
    client.revoke(key, 1)
    client.destroy(key)
    assert refused(client.get, key) == ITEM_NOT_FOUND
    client.close()
    print("cyphera-kmip, KMIP 1.4: everything that it encodes as KMIP does")


if __name__ == "__main__":
    main()
