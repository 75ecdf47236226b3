import base64
import contextlib
import hashlib
import random
import string
import time

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import WeChatCrypto

from wecom_api.callbacks import (
    BadCallback,
    BadCiphertext,
    BadParameter,
    BadSignature,
    BadXml,
    Codec,
    Reply,
    TooLarge,
    WrongReceiver,
    event_key,
    parse_event,
)

CORP = "ww0000000000000001"
TOKEN = "QDG6eKtoken"
# Like the key of the official example, it carries spare bits in its 43rd character.
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

ADDED = (
    f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
    "<CreateTime>1764000000</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[change_external_contact]]></Event>"
    "<ChangeType><![CDATA[add_external_contact]]></ChangeType>"
    "<UserID><![CDATA[li.jing]]></UserID><ExternalUserID><![CDATA[wm0001]]></ExternalUserID>"
    "<State><![CDATA[隆回/桃洪]]></State><WelcomeCode><![CDATA[code-1]]></WelcomeCode></xml>"
)

texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=400)
corps = st.text(string.ascii_letters + string.digits, min_size=1, max_size=64)
keys = st.text(string.ascii_letters + string.digits, min_size=43, max_size=43)
nonces = st.text(string.ascii_letters + string.digits, min_size=1, max_size=32)
stamps = st.integers(1, 2**33).map(str)


@pytest.fixture
def codec():
    return Codec(token=TOKEN, encoding_aes_key=KEY, receiveid=CORP)


def envelope(encrypt: str) -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName>"
        f"<AgentID><![CDATA[1000002]]></AgentID><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    ).encode()


def delivered(codec: Codec, xml: str = ADDED) -> tuple[bytes, dict[str, str]]:
    reply = codec.encrypt(xml)
    return envelope(reply.encrypt), query(reply)


def query(reply: Reply) -> dict[str, str]:
    return {
        "msg_signature": reply.msg_signature,
        "timestamp": reply.timestamp,
        "nonce": reply.nonce,
    }


def signed(encrypt: str) -> dict[str, str]:
    """What somebody who knows the token, but not the key, could send."""
    joined = "".join(sorted([TOKEN, "1764000000", "n", encrypt]))
    return {
        "msg_signature": hashlib.sha1(joined.encode()).hexdigest(),
        "timestamp": "1764000000",
        "nonce": "n",
    }


def sealed(plain: bytes) -> str:
    key = base64.b64decode(KEY + "=")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(plain) + cipher.finalize()).decode()


def padded(plain: bytes, pad: int | None = None) -> bytes:
    size = 32 - len(plain) % 32 if pad is None else pad
    return plain + bytes([size]) * size


# --- against an independent implementation ---------------------------------------------------


@given(texts, corps, keys, nonces, stamps)
def test_what_another_client_encrypts_we_decrypt(text, corp, key, nonce, timestamp):
    xml = WeChatCrypto(TOKEN, key, corp).encrypt_message(text, nonce, timestamp)
    signature = ElementTree.fromstring(xml).findtext("MsgSignature")
    ours = Codec(token=TOKEN, encoding_aes_key=key, receiveid=corp)
    plain = ours.decrypt_message(
        xml.encode(), msg_signature=signature, timestamp=timestamp, nonce=nonce
    )
    assert plain == text.encode()


@given(texts, corps, keys, nonces, stamps)
def test_what_we_encrypt_another_client_decrypts(text, corp, key, nonce, timestamp):
    reply = Codec(token=TOKEN, encoding_aes_key=key, receiveid=corp).encrypt(
        text, timestamp=timestamp, nonce=nonce
    )
    other = WeChatCrypto(TOKEN, key, corp)
    plain = other.decrypt_message(reply.as_xml(), reply.msg_signature, timestamp, nonce)
    assert plain == text


@given(texts, nonces, stamps)
def test_the_address_check_of_another_client_agrees(text, nonce, timestamp):
    codec = Codec(token=TOKEN, encoding_aes_key=KEY, receiveid=CORP)
    reply = codec.encrypt(text, timestamp=timestamp, nonce=nonce)
    theirs = WeChatCrypto(TOKEN, KEY, CORP).check_signature(
        reply.msg_signature, timestamp, nonce, reply.encrypt
    )
    ours = codec.verify_url(echostr=reply.encrypt, **query(reply))
    assert ours.decode() == theirs == text


@given(st.binary(max_size=2000))
def test_every_length_survives_the_padding(data):
    codec = Codec(token=TOKEN, encoding_aes_key=KEY, receiveid=CORP)
    reply = codec.encrypt(data)
    assert codec.decrypt_message(envelope(reply.encrypt), **query(reply)) == data


def test_with_given_random_bytes_the_cipher_text_is_known_bit_for_bit(codec):
    # Computed with the openssl command line tool from the same bytes.
    reply = codec.encrypt("hello", random=b"0123456789abcdef", timestamp="1764000000", nonce="n1")
    plain = padded(b"0123456789abcdef" + b"\x00\x00\x00\x05" + b"hello" + CORP.encode())
    assert reply.encrypt == sealed(plain)
    assert reply.encrypt == (
        "sKqRbbiSUnDhFHOvPjtUMTuJ54G+cXTThHsK1Nj0SlMWSu8Qb01NH8cm+wkD+FPMsh9DLknOKg6Vl1QbHQnBYw=="
    )
    assert reply.msg_signature == "80dca246e347c7d05fce70b9d64889b989a8076f"


# --- forgeries -------------------------------------------------------------------------------


def test_ten_thousand_mutated_envelopes_are_refused_and_none_surprises_us(codec):
    body, parameters = delivered(codec)
    chance = random.Random(20261124)
    start = body.index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
    end = body.index(b"]]></Encrypt>")
    slowest = 0.0
    for _ in range(10_000):
        forged, asked = mutated(body, dict(parameters), start, end, chance)
        began = time.perf_counter()
        with pytest.raises(BadCallback):
            codec.decrypt_message(forged, **asked)
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest < 0.5


def mutated(body, parameters, start, end, chance):
    kind = chance.randrange(7)
    if kind == 0:  # one byte of the cipher text
        at = chance.randrange(start, end)
        new = chance.choice([b for b in range(256) if b != body[at]])
        return body[:at] + bytes([new]) + body[at + 1 :], parameters
    if kind == 1:  # cut short
        return body[: chance.randrange(end)], parameters
    if kind == 2:  # cipher text cut out or doubled
        a, b = sorted(chance.sample(range(start, end + 1), 2))
        piece = body[a:b] * chance.choice([0, 2])
        return body[:a] + piece + body[b:], parameters
    if kind == 3:  # one of the parameters
        name = chance.choice(list(parameters))
        value = parameters[name]
        at = chance.randrange(len(value))
        new = chance.choice([c for c in string.printable + "é一\ud800" if c != value[at]])
        return body, {**parameters, name: value[:at] + new + value[at + 1 :]}
    if kind == 4:  # noise
        return chance.randbytes(chance.randrange(2000)), parameters
    if kind == 5:  # markup in front, with a DTD or an entity
        dtd = b'<!DOCTYPE x [<!ENTITY e "' + b"A" * chance.randrange(1, 50) + b'">]>'
        return dtd + body.replace(b"<![CDATA[", b"<![CDATA[", 1), parameters
    return body, {name: parameters[name] for name in parameters} | {
        chance.choice(list(parameters)): chance.choice(["", "0" * 500, "\x00", "-1"])
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<xml></xml>",
        b"<xml><Encrypt></Encrypt></xml>",
        b"<xml><Encrypt/></xml>",
        b'<?xml version="1.0" encoding="utf-99"?><xml><Encrypt>x</Encrypt></xml>',
        b'<?xml version="1.0" encoding="utf-16"?><xml><Encrypt>x</Encrypt></xml>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x"><xml><Encrypt>x</Encrypt></xml>',
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>',
        b"<xml>\xff\xfe</xml>",
        b"<a>" * 9000,
        b"<a>" * 9000 + b"</a>" * 9000,
    ],
)
def test_a_body_that_is_not_an_envelope_is_bad_xml(codec, body):
    with pytest.raises(BadXml):
        codec.decrypt_message(body, **signed("x"))


def test_a_large_body_is_refused_before_it_is_parsed(codec):
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 70_000 + b'">]><xml><Encrypt>&a;</Encrypt></xml>'
    with pytest.raises(TooLarge):
        codec.decrypt_message(bomb, **signed("x"))
    with pytest.raises(TooLarge):
        codec.verify_url(echostr="A" * 70_000, **signed("x"))


@pytest.mark.parametrize(
    "encrypt", ["A", "AAAA", "====", "不是", "A" * 63, "A" * 21 + "\n" + "A" * 3]
)
def test_a_signed_text_that_is_no_cipher_text_is_refused(codec, encrypt):
    with pytest.raises(BadCiphertext):
        codec.decrypt_message(envelope(encrypt), **signed(encrypt))


CORP_BYTES = CORP.encode()


@pytest.mark.parametrize(
    ("plain", "error"),
    [
        (padded(b"r" * 16 + b"\x00\x00\x00\x02hi" + b"ww0000000000000002"), WrongReceiver),
        (padded(b"r" * 16 + b"\x00\x00\x00\x02hi"), WrongReceiver),
        (padded(b"r" * 16 + b"\x00\x00\x00\x01hi" + CORP_BYTES), WrongReceiver),
        (padded(b"r" * 16 + b"\xff\xff\xff\xffhi" + CORP_BYTES), BadCiphertext),
        (padded(b"r" * 16 + b"\x00\x00\x00\xffhi" + CORP_BYTES), BadCiphertext),
        (padded(b"short"), BadCiphertext),
        (b"\x00" * 32, BadCiphertext),
        (b"r" * 31 + b"\x21", BadCiphertext),
        (b"r" * 64 + b"\x40" * 64, BadCiphertext),
        (b"r" * 28 + b"\x01\x02\x03\x04", BadCiphertext),
    ],
)
def test_a_plain_text_of_another_shape_is_refused(codec, plain, error):
    encrypt = sealed(plain)
    with pytest.raises(error):
        codec.decrypt_message(envelope(encrypt), **signed(encrypt))


@pytest.mark.parametrize("pad", [1, 15, 16, 17, 31, 32])
def test_paddings_up_to_thirty_two_bytes_are_read(codec, pad):
    fixed = len(b"r" * 16 + b"\x00\x00\x00\x00" + CORP_BYTES)
    text = b"x" * ((-fixed - pad) % 32)
    plain = b"r" * 16 + len(text).to_bytes(4, "big") + text + CORP_BYTES
    encrypt = sealed(padded(plain, pad))
    assert codec.decrypt_message(envelope(encrypt), **signed(encrypt)) == text


def test_another_corps_genuine_message_is_refused(codec):
    other = Codec(token=TOKEN, encoding_aes_key=KEY, receiveid="ww0000000000000002")
    body, parameters = delivered(other)
    with pytest.raises(WrongReceiver):
        codec.decrypt_message(body, **parameters)


def test_another_token_is_refused(codec):
    other = Codec(token="other", encoding_aes_key=KEY, receiveid=CORP)
    body, parameters = delivered(other)
    with pytest.raises(BadSignature):
        codec.decrypt_message(body, **parameters)


def test_the_borders_between_the_signed_pieces_cannot_be_moved(codec):
    # Only the joined text is signed: "17640000001" + "23" joins as "1764000000" + "123" does.
    reply = codec.encrypt(ADDED, timestamp="1764000000", nonce="123x")
    parameters = query(reply) | {"timestamp": "123x", "nonce": "1764000000"}
    with pytest.raises(BadParameter):
        codec.decrypt_message(envelope(reply.encrypt), **parameters)


@pytest.mark.parametrize("key", ["", "x" * 42, "x" * 44, "x" * 42 + "=", "密" * 43])
def test_a_key_of_another_shape_is_refused_at_the_start(key):
    with pytest.raises(ValueError, match="43"):
        Codec(token=TOKEN, encoding_aes_key=key, receiveid=CORP)


# --- events ----------------------------------------------------------------------------------


def test_an_event_tells_who_and_what():
    event = parse_event(ADDED)
    assert (event.to_user, event.from_user, event.create_time) == (CORP, "sys", 1764000000)
    assert (event.event, event.change_type) == ("change_external_contact", "add_external_contact")
    assert (event.user_id, event.external_user_id) == ("li.jing", "wm0001")
    assert (event.state, event.welcome_code) == ("隆回/桃洪", "code-1")
    assert event.fields["MsgType"] == "event"


def test_fields_that_are_absent_are_empty():
    event = parse_event("<xml><CreateTime>soon</CreateTime></xml>")
    assert (event.create_time, event.event, event.state, event.welcome_code) == (0, "", "", "")


def test_nested_parts_keep_all_their_values():
    event = parse_event(
        "<xml><SelectedItems><SelectedItem><QuestionKey>k</QuestionKey><OptionIds>"
        "<OptionId>1</OptionId><OptionId>2</OptionId></OptionIds></SelectedItem></SelectedItems>"
        "<MemChangeList><Item>a</Item><Item>b</Item></MemChangeList></xml>"
    )
    assert event.nested == {
        "SelectedItems/SelectedItem/QuestionKey": ("k",),
        "SelectedItems/SelectedItem/OptionIds/OptionId": ("1", "2"),
        "MemChangeList/Item": ("a", "b"),
    }


@pytest.mark.parametrize(
    "xml", ["", "<xml>", "<!DOCTYPE x><xml/>", b"\xff", "<a>" * 50 + "</a>" * 50]
)
def test_an_event_that_cannot_be_read_is_bad_xml(xml):
    with pytest.raises(BadXml):
        parse_event(xml)


@given(st.text())
def test_no_text_surprises_the_reader(text):
    with contextlib.suppress(BadXml):
        parse_event(text)


def test_the_same_event_sent_again_has_the_same_key(codec):
    found = set()
    for _ in range(3):  # new random bytes, nonce and cipher text each time
        body, parameters = delivered(codec)
        found.add(event_key(codec.decrypt_message(body, **parameters)))
    assert found == {hashlib.sha256(ADDED.encode()).hexdigest()}


def test_two_residents_added_in_one_second_have_two_keys():
    assert event_key(ADDED) != event_key(ADDED.replace("wm0001", "wm0002"))


def test_a_callback_is_read_in_well_under_a_millisecond(codec):
    body, parameters = delivered(codec)
    began = time.perf_counter()
    for _ in range(1000):
        codec.decrypt_message(body, **parameters)
    assert time.perf_counter() - began < 1.0
