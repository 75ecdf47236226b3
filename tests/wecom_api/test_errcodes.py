import pickle

import pytest

from wecom_api import errcodes
from wecom_api import errors as e
from wecom_api.endpoints import Idempotency
from wecom_api.errcodes import error_for

# Written from the documentation (contract section 1.6 and the endpoints' pages), not from the code.
ROWS: dict[type[e.WeComError], str] = {
    e.Conflict: "6000 45035",
    e.TokenRefused: "40014 41001 42001",
    e.SecretRefused: "40001 40013 40091 50003 301007",
    e.Throttled: "45009 45033 45036",
    e.AnswerTooBig: "45029 81017",
    e.NotPermitted: "48001 48002 48004 48006 48009 48011 60031 84074 84083 84084 701008",
    e.OutOfScope: "60011 60021 50002 60030",
    e.UntrustedAddress: "60020",
    e.UnknownMember: "40003 60111 46004",
    e.UnknownDepartment: "60003 60123",
    e.SignInExpired: "40029 42003 42022 84014 84015 92000 92001",
    e.Misconfigured: "50001 41002 41004 42012 43012",
    e.InvalidMedia: "40007 40145",
    e.MediaRefused: "40004 40005 40006 40009 44001 45001 830002",
    e.DefectOfOurs: "40058 40063 40035 40206 40130 40131 40008 40056 40093 41049 44004 45002 "
    "91040 301002",
    e.UnknownCustomer: "40096",
    e.NotAFollower: "84061",
    e.TransferredTooOften: "40128",
    e.TransferRunning: "40129 40100",
    e.TransferRefused: "90500 90501 90507 90508",
    e.MemberUnfit: "40097 40098 40099 40143",
    e.TooManyTags: "40126 40144",
    e.UnknownTag: "40068",
    e.TagNameTaken: "40071",
    e.TagRefused: "40072 41110",
    e.ContactWayRefused: "41037 41038 41039 41040 41041 41042 41043 41044 41045 41054 41091",
    e.UnknownMessage: "41046 41047",
    e.NobodyToSendTo: "41048",
    e.StillDispatching: "41063",
    e.Cancelled: "41093",
    e.RemindedTooOften: "41094",
    e.WelcomeTooLate: "41050",
    e.AlreadyWelcomed: "41051",
    e.ConsentMissing: "41053",
    e.AnotherAppIsWelcoming: "41096",
    e.MomentRefused: "41059 41060 41061 41062 41067 41078 41079 41210 41211",
    e.AttachmentRefused: "41064 41065 41072 41080 41081 41082 41088 41089 41090",
    e.SensitiveWordRuleRefused: "41068 41069 41070 41071 41076 41077 41083 41084",
    e.ContentForbidden: "40201 40204 85002",
    e.CardRefused: " ".join(str(code) for code in range(42014, 42052) if code != 42022) + " 60140",
    e.RecallTooLate: "42052",
    e.AllRecipientsInvalid: "81013",
    e.RecipientsRefused: "82001 82002 82003 82004",
    e.CustomerServiceRefused: " ".join(str(code) for code in range(95000, 95034)),
    e.Rejected: "41095 41201",
}
PAIRS = [(int(code), meaning) for meaning, codes in ROWS.items() for code in codes.split()]


@pytest.mark.parametrize(("code", "meaning"), PAIRS)
def test_an_errcode_means_what_the_documentation_says(code, meaning):
    for idempotency in Idempotency:
        error = error_for("some/api", code, "hint: [1]", idempotency=idempotency)
        assert type(error) is meaning
        assert (error.api, error.errcode, error.errmsg) == ("some/api", code, "hint: [1]")


def test_every_errcode_we_know_has_a_row():
    assert {code for code, _ in PAIRS} == set(errcodes.MEANING)


def test_no_errcode_has_two_rows():
    assert len(PAIRS) == len({code for code, _ in PAIRS})


@pytest.mark.parametrize("meaning", list(ROWS))
def test_every_error_tells_the_caller_what_to_do_next(meaning):
    next_steps = (e.Unavailable, e.Unanswered, e.Rejected, e.Misconfigured)
    assert sum(issubclass(meaning, step) for step in next_steps) == 1


@pytest.mark.parametrize("idempotency", [Idempotency.READBACK, Idempotency.UNIQUE])
@pytest.mark.parametrize("code", [-1, 99999, 1, -2])
def test_what_may_have_happened_is_unanswered(idempotency, code):
    assert type(error_for("a", code, "", idempotency=idempotency)) is e.Unanswered


def test_busy_is_worth_repeating_only_where_that_is_safe():
    assert type(error_for("a", -1, "", idempotency=Idempotency.SAFE)) is e.Busy


def test_an_unknown_refusal_of_a_safe_call_is_not_repeated():
    error = error_for("a", 99999, "", idempotency=Idempotency.SAFE)
    assert isinstance(error, e.Rejected)
    assert not isinstance(error, e.Unavailable)


def test_errors_survive_a_process_border():
    error = e.Throttled("a/b", 45009, "slow down", 60.0)
    again = pickle.loads(pickle.dumps(error))
    assert again.retry_after_seconds == 60.0
    assert str(again) == str(error) == "a/b: errcode 45009 slow down"


def test_our_own_refusal_is_both_a_value_error_and_a_rejection():
    assert issubclass(e.InvalidRequest, ValueError)
    assert issubclass(e.InvalidRequest, e.Rejected)
