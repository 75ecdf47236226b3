"""What a list shows of a person before anyone asks for more: 刘**, 138****0417."""


def masked_name(name: str) -> str:
    """The first character; the rest as two stars, so that its length is not told."""
    return f"{name[0]}**" if name else ""


def masked_phone(phone: str) -> str:
    """A mobile keeps its first three and last four digits; anything else, its last two."""
    if len(phone) == 11:
        return f"{phone[:3]}****{phone[-4:]}"
    return f"****{phone[-2:]}" if len(phone) > 2 else "****" if phone else ""
