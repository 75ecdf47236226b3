"""Block tags that wrap what stands between them: `{% card "题目" %}…{% endcard %}`.

A wrapper declares its parameters with their defaults; they may be given in that order or by name,
and one nobody declared is an error when the template loads, not an attribute lost in silence.
`{% slot "actions" %}…{% endslot %}` inside it puts a piece elsewhere in the wrapper.
"""

from typing import Any

from django.template import Context, Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString

SLOTS = "wrapper_slots"


class Wrapper(Node):
    def __init__(
        self,
        name: str,
        nodelist: NodeList,
        given: dict[str, FilterExpression],
        defaults: dict[str, Any],
    ) -> None:
        self.name, self.nodelist, self.given, self.defaults = name, nodelist, given, defaults

    def render(self, context: Context) -> SafeString:
        given = {name: value.resolve(context) for name, value in self.given.items()}
        slots: dict[str, SafeString] = {}
        with context.push(**{SLOTS: slots}):
            body = self.nodelist.render(context)
        inner = context.new({**self.defaults, **given, "body": body, "slots": slots})
        if "csrf_token" in context:
            inner["csrf_token"] = context["csrf_token"]
        assert context.template is not None
        template = context.template.engine.get_template(f"components/{self.name}.html")
        return template.render(inner)


class Slot(Node):
    def __init__(self, nodelist: NodeList, name: FilterExpression) -> None:
        self.nodelist, self.name = nodelist, name

    def render(self, context: Context) -> str:
        if SLOTS not in context:
            raise TemplateSyntaxError("{% slot %} belongs inside a wrapper such as {% card %}.")
        slots = context[SLOTS]
        slots[self.name.resolve(context)] = self.nodelist.render(context)
        return ""


def wrapper(register: Library, name: str, **defaults: Any) -> None:
    """Register `{% name … %}…{% endname %}`, drawn by `components/name.html`."""

    def compile_wrapper(parser: Parser, token: Token) -> Wrapper:
        bits = token.split_contents()[1:]
        given: dict[str, FilterExpression] = {}
        for parameter in defaults:
            if not bits or token_kwargs(bits[:1], parser):
                break
            given[parameter] = parser.compile_filter(bits.pop(0))
        given.update(token_kwargs(bits, parser))
        unknown = [*bits, *(set(given) - set(defaults))]
        if unknown:
            raise TemplateSyntaxError(
                f"{{% {name} %}} knows {', '.join(defaults)}; not {', '.join(unknown)}."
            )
        nodelist = parser.parse((f"end{name}",))
        parser.delete_first_token()
        return Wrapper(name, nodelist, given, defaults)

    register.tag(name, compile_wrapper)


def slot(parser: Parser, token: Token) -> Slot:
    """`{% slot "actions" %}…{% endslot %}`: this piece goes where the wrapper shows that slot."""
    bits = token.split_contents()
    if len(bits) != 2:
        raise TemplateSyntaxError('Write {% slot "name" %}, with one name.')
    name = parser.compile_filter(bits[1])
    nodelist = parser.parse(("endslot",))
    parser.delete_first_token()
    return Slot(nodelist, name)
