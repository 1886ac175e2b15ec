"""What PyKMIP's client can do beyond the life of a key: pairs, every type of object, filters, wrapping, attributes,
cryptography, derivation, and what its low-level client has on top."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kmip.core import enums, objects as core
from kmip.core.attributes import PrivateKeyUniqueIdentifier
from kmip.core.factories.attribute_values import AttributeValueFactory
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.misc import KeyFormatType
from kmip.pie import exceptions, objects
from pykmip_cryptography import cryptography, derived

AES = enums.CryptographicAlgorithm.AES
RSA = enums.CryptographicAlgorithm.RSA
USE = enums.CryptographicUsageMask
STATE = enums.State
V = enums.KMIPVersion
VERSIONS = [(2, 1), (2, 0), (1, 4), (1, 3), (1, 2), (1, 1), (1, 0)]


def refused(call, *args, **kwargs):
    """The Result Reason that the call is refused with."""
    try:
        call(*args, **kwargs)
    except exceptions.KmipOperationFailure as failure:
        return failure.reason
    raise AssertionError(f"{call.__name__} was not refused")


def attribute(kind, value):
    return AttributeFactory().create_attribute(kind, value)


def tagged(tag, value):
    """An attribute as 2.x has it: under a tag of its own."""
    return AttributeValueFactory().create_attribute_value_by_enum(tag, value)


def value_of(client, uid, name):
    _, found = client.get_attributes(uid, [name])
    values = [one.attribute_value for one in found]
    return [getattr(one, "value", one) for one in values]


def pairs(client, name):
    """Both halves of a pair come back, and belong to each other."""
    public, private = client.create_key_pair(
        RSA,
        2048,
        public_name=name + "-public",
        public_usage_mask=[USE.VERIFY],
        private_name=name + "-private",
        private_usage_mask=[USE.SIGN],
    )
    public_key, private_key = client.get(public), client.get(private)
    assert isinstance(public_key, objects.PublicKey) and isinstance(private_key, objects.PrivateKey)
    belongs_together(public_key.value, private_key.value)
    return public, private


def belongs_together(public, private):
    own = serialization.load_der_private_key(private, None).public_key()
    assert serialization.load_der_public_key(public) == own


def registered_types(client, name):
    """Every type of object that the client knows is registered and comes back as it was."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pkcs1 = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    kinds = enums.KeyFormatType
    made = [
        objects.SymmetricKey(AES, 128, os.urandom(16), masks=[USE.ENCRYPT], name=name + "-symmetric"),
        objects.PrivateKey(RSA, 2048, pkcs8, kinds.PKCS_8, masks=[USE.SIGN], name=name + "-private"),
        objects.PublicKey(RSA, 2048, pkcs1, kinds.PKCS_1, masks=[USE.VERIFY], name=name + "-public"),
        objects.X509Certificate(certificate(key), masks=[USE.VERIFY], name=name + "-certificate"),
        objects.SecretData(b"a seed", enums.SecretDataType.SEED, masks=[USE.DERIVE_KEY]),
        objects.OpaqueObject(b"opaque \x00 bytes", enums.OpaqueDataType.NONE, name=name + "-opaque"),
        objects.SplitKey(
            cryptographic_algorithm=AES,
            cryptographic_length=128,
            key_value=os.urandom(16),
            cryptographic_usage_masks=[USE.EXPORT],
            key_format_type=kinds.RAW,
            split_key_parts=3,
            key_part_identifier=1,
            split_key_threshold=2,
            split_key_method=enums.SplitKeyMethod.XOR,
            name=name + "-part",
        ),
    ]
    announced = client.proxy.query(query_functions=[enums.QueryFunction.QUERY_OBJECTS]).object_types
    for one in (one for one in made if one.object_type in announced):
        uid = client.register(one)
        got = client.get(uid)
        assert type(got) is type(one) and got.value == one.value, one
        kind = value_of(client, uid, "Object Type")
        assert kind == [one.object_type], kind
        filters = [attribute(enums.AttributeType.OBJECT_TYPE, one.object_type)]
        assert uid in client.locate(attributes=filters)
        client.destroy(uid)


def certificate(key):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pykmip")])
    start = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(start.replace(year=2036))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def filters(client, version, name):
    """Filters are ANDed; pages go through everything once."""
    group = attribute(enums.AttributeType.OBJECT_GROUP, name)
    made = []
    for length in (128, 192, 256):
        key = objects.SymmetricKey(AES, length, os.urandom(length // 8), masks=[USE.ENCRYPT], name=f"{name}-{length}")
        made.append(client.register(key))
    kinds = enums.AttributeType
    for length, uid in zip((128, 192, 256), made):
        found = client.locate(
            attributes=[
                attribute(kinds.CRYPTOGRAPHIC_ALGORITHM, AES),
                attribute(kinds.CRYPTOGRAPHIC_LENGTH, length),
                attribute(kinds.NAME, f"{name}-{length}"),
                attribute(kinds.STATE, STATE.PRE_ACTIVE),
            ]
        )
        assert found == [uid], found
    assert client.locate(attributes=[group]) == []
    masks = attribute(kinds.CRYPTOGRAPHIC_USAGE_MASK, [USE.ENCRYPT])
    on_line, archived = enums.StorageStatusMask.ONLINE_STORAGE, enums.StorageStatusMask.ARCHIVAL_STORAGE
    assert set(made) <= set(client.locate(storage_status_mask=on_line.value, attributes=[masks]))
    assert client.locate(storage_status_mask=archived.value) == []
    assert len(client.locate(maximum_items=2, attributes=[masks])) == 2
    if version >= V.KMIP_1_3:
        pages = [client.locate(maximum_items=1, offset_items=at, attributes=[masks]) for at in range(3)]
        assert all(len(page) == 1 for page in pages) and len({page[0] for page in pages}) == 3, pages
    for uid in made:
        client.destroy(uid)


def wrapped(client, version):
    """A key leaves wrapped with another: the client's own library unwraps it."""
    secret, wrapping = os.urandom(32), os.urandom(32)
    key = client.register(objects.SymmetricKey(AES, 256, secret, masks=[USE.ENCRYPT]))
    by = client.register(objects.SymmetricKey(AES, 256, wrapping, masks=[USE.WRAP_KEY]))
    client.activate(by)
    specification = {
        "wrapping_method": enums.WrappingMethod.ENCRYPT,
        "encryption_key_information": {
            "unique_identifier": by,
            "cryptographic_parameters": {"block_cipher_mode": enums.BlockCipherMode.NIST_KEY_WRAP},
        },
    }
    # What is wrapped is the encoded Key Value, but where the Encoding Option of 1.1 says that it is the key.
    content = bytes.fromhex("42004501 00000028 42004308 00000020") + secret
    if version >= V.KMIP_1_1:
        specification["encoding_option"] = enums.EncodingOption.NO_ENCODING
        content = secret
    got = client.get(key, specification)
    assert keywrap.aes_key_unwrap(wrapping, got.value) == content
    # Registered as it left, it comes back as it left.
    again = objects.SymmetricKey(AES, 256, got.value, masks=[USE.ENCRYPT], key_wrapping_data=got.key_wrapping_data)
    assert client.get(client.register(again)).value == got.value


def attributes(client, version, name):
    """Attributes are changed and deleted, in the manner of each version."""
    uid = client.create(AES, 256, name=name, cryptographic_usage_mask=[USE.ENCRYPT])
    names = client.get_attribute_list(uid)
    for needed in ("Object Type", "State", "Cryptographic Algorithm", "Cryptographic Length", "Name"):
        assert needed in names, names
    renamed = attribute(enums.AttributeType.NAME, name + "-renamed")
    if version < V.KMIP_2_0:
        _, changed = client.modify_attribute(uid, attribute=renamed)
        assert changed.attribute_value.name_value.value == name + "-renamed"
        _, gone = client.delete_attribute(uid, attribute_name="Name", attribute_index=0)
        assert gone.attribute_value.name_value.value == name + "-renamed"
    else:
        given, other = (tagged(enums.Tags.NAME, one) for one in (name, name + "-renamed"))
        current, new = core.CurrentAttribute(attribute=given), core.NewAttribute(attribute=other)
        assert client.modify_attribute(uid, current_attribute=current, new_attribute=new) == (uid, None)
        assert [one.name_value.value for one in value_of(client, uid, "Name")] == [name + "-renamed"]
        assert client.set_attribute(uid, attribute_name="Sensitive", attribute_value=True) == uid
        assert value_of(client, uid, "Sensitive") == [True]
        assert client.delete_attribute(uid, current_attribute=core.CurrentAttribute(attribute=other)) == (uid, None)
    assert "Name" not in client.get_attribute_list(uid)
    assert client.check(uid, cryptographic_usage_mask=[USE.ENCRYPT]) == uid
    client.destroy(uid)


def re_keyed(client, version, name):
    """The name moves to the new key; the old one stays as it is."""
    old = client.create(AES, 256, name=name, cryptographic_usage_mask=[USE.ENCRYPT])
    client.activate(old)
    if version < V.KMIP_2_0:
        new = client.rekey(old)
        dated = {"deactivation_date": 4_000_000_000}
        assert refused(client.rekey, new, offset=3600, **dated) == enums.ResultReason.INVALID_MESSAGE
        ending = client.rekey(new, **dated)
        assert value_of(client, ending, "Deactivation Date") == [4_000_000_000]
        later = client.rekey(ending, offset=3600)
        assert value_of(client, later, "State") == [STATE.PRE_ACTIVE]
        assert client.locate(attributes=[attribute(enums.AttributeType.NAME, name)]) == [later]
    else:
        # PyKMIP sends the Template-Attribute of 1.x here whatever the version; only its low-level client can do without.
        assert refused(client.rekey, old) == enums.ResultReason.INVALID_FIELD
        new = client.proxy.rekey(uuid=old)["unique_identifier"]
        assert client.locate(attributes=[attribute(enums.AttributeType.NAME, name)]) == [new]
    assert new != old and client.get(new).value != client.get(old).value
    assert value_of(client, old, "State") == [STATE.ACTIVE]


def low_level(client, version, pair):
    """What only the client below has. It collects batches, but has nothing that sends them."""
    proxy = client.proxy
    functions = [enums.QueryFunction.QUERY_OPERATIONS, enums.QueryFunction.QUERY_OBJECTS]
    answer = proxy.query(query_functions=functions)
    assert enums.Operation.GET in answer.operations and enums.ObjectType.SYMMETRIC_KEY in answer.object_types
    public, private = pair
    spki = enums.KeyFormatType.X_509
    got = proxy.get(public, key_format_type=KeyFormatType(spki)).secret.key_block
    assert got.key_format_type.value == spki
    belongs_together(got.key_value.key_material.value, client.get(private).value)
    if version >= V.KMIP_1_1:
        spoken = proxy.discover_versions().protocol_versions
        assert [(one.major, one.minor) for one in spoken] == VERSIONS, spoken
        [same] = proxy.discover_versions(protocol_versions=[spoken[-1]]).protocol_versions
        assert same == spoken[-1]
        result = proxy.rekey_key_pair(private_key_uuid=PrivateKeyUniqueIdentifier(private))
        assert result.result_status.value == enums.ResultStatus.SUCCESS, result
        new_public, new_private = (client.get(uid).value for uid in (result.public_key_uuid, result.private_key_uuid))
        belongs_together(new_public, new_private)
        assert new_private != client.get(private).value


def every(client, version, name):
    """Everything that the version has."""
    pair = pairs(client, name + "-pair")
    registered_types(client, name + "-registered")
    filters(client, version, name + "-filters")
    wrapped(client, version)
    attributes(client, version, name + "-attributes")
    re_keyed(client, version, name + "-re-keyed")
    if version >= V.KMIP_1_2:
        cryptography(client)
    derived(client, version)
    low_level(client, version, pair)
