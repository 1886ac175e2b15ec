"""Drives a running server with PyKMIP's client, in every protocol version that it speaks.

Takes objects through their lives over mutual TLS, does everything else that the client can (pykmip_operations.py), and
checks each answer.
Prints a line a version; the first difference ends it with a traceback and exit code 1.
"""

import argparse
import os
import ssl
import uuid

if not hasattr(ssl, "wrap_socket"):  # Python 3.12 removed it, and PyKMIP 0.10 calls it.

    def wrap_socket(sock, keyfile, certfile, cert_reqs, ssl_version, ca_certs, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = cert_reqs
        context.load_cert_chain(certfile, keyfile)
        context.load_verify_locations(ca_certs)
        return context.wrap_socket(sock, **options)

    ssl.wrap_socket = wrap_socket

from kmip.core import enums
from kmip.core.factories.attributes import AttributeFactory
from kmip.pie import client as pie
from kmip.pie import objects
from pykmip_operations import every, refused

AES = enums.CryptographicAlgorithm.AES
MASKS = [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT]
NOT_FOUND = {enums.ResultReason.ITEM_NOT_FOUND, enums.ResultReason.OBJECT_NOT_FOUND}
GONE = {enums.ResultReason.ITEM_NOT_FOUND, enums.ResultReason.OBJECT_DESTROYED}


def state(client, uid):
    _, attributes = client.get_attributes(uid, ["State"])
    assert len(attributes) == 1, attributes
    return attributes[0].attribute_value.value


def located(client, name):
    value = AttributeFactory().create_attribute(enums.AttributeType.NAME, name)
    return client.locate(attributes=[value])


def created_key(client, name):
    """A key made by the server goes through its whole life."""
    uid = client.create(AES, 256, name=name, cryptographic_usage_mask=MASKS)
    key = client.get(uid)
    assert isinstance(key, objects.SymmetricKey), type(key)
    assert (key.cryptographic_algorithm, key.cryptographic_length, len(key.value)) == (AES, 256, 32)
    assert key.value != client.get(client.create(AES, 256, cryptographic_usage_mask=MASKS)).value
    assert located(client, name) == [uid]
    assert located(client, name + "-other") == []
    assert state(client, uid) == enums.State.PRE_ACTIVE
    client.activate(uid)
    assert state(client, uid) == enums.State.ACTIVE
    assert client.get(uid).value == key.value
    refused(client.destroy, uid)
    client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid, "no longer needed")
    assert state(client, uid) == enums.State.DEACTIVATED
    client.destroy(uid)
    assert refused(client.get, uid) in GONE
    assert located(client, name) == []


def compromised_key(client):
    """A key that is told to be compromised is not merely deactivated."""
    uid = client.create(AES, 128, cryptographic_usage_mask=MASKS)
    client.activate(uid)
    client.revoke(enums.RevocationReasonCode.KEY_COMPROMISE, uid, "seen elsewhere", 1)
    assert state(client, uid) == enums.State.COMPROMISED
    client.destroy(uid)


def registered_objects(client, name):
    """What is registered comes back as it was."""
    material = os.urandom(32)
    uid = client.register(objects.SymmetricKey(AES, 256, material, masks=MASKS, name=name))
    assert client.get(uid).value == material
    assert located(client, name) == [uid]
    client.destroy(uid)
    secret = objects.SecretData(material, enums.SecretDataType.PASSWORD, masks=[enums.CryptographicUsageMask.VERIFY])
    uid = client.register(secret)
    found = client.get(uid)
    assert (found.value, found.data_type) == (material, enums.SecretDataType.PASSWORD)
    client.destroy(uid)
    assert refused(client.get, uid) in GONE


def connection(args, version, **more):
    return pie.ProxyKmipClient(
        hostname=args.host,
        port=args.port,
        cert=args.cert,
        key=args.key,
        ca=args.ca,
        ssl_version="PROTOCOL_TLS",
        config_file=os.devnull,
        kmip_version=version,
        **more,
    )


def run(args, version):
    name = f"pykmip-{version.value}-{uuid.uuid4()}"
    with connection(args, version) as client:
        created_key(client, name + "-created")
        compromised_key(client)
        registered_objects(client, name + "-registered")
        assert refused(client.get, str(uuid.uuid4())) in NOT_FOUND
        every(client, version, name)
    # A user name and a password beside the certificate do no harm.
    with connection(args, version, username="fred", password="not the server's") as client:
        created_key(client, name + "-with-a-password")
    print(f"PyKMIP, KMIP {version.value}: everything that it can do")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    for option in ("--cert", "--key", "--ca"):
        parser.add_argument(option, required=True)
    args = parser.parse_args()
    for version in enums.KMIPVersion:
        run(args, version)


if __name__ == "__main__":
    main()
