"""The schemas are closed: what they do not know, and what is missing, they refuse."""
import copy
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
import schemas  # noqa: E402


def objects(value, path=()):
    """(path, object) of each object within a value."""
    if isinstance(value, dict):
        yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from objects(child, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


class Schemas(unittest.TestCase):
    def setUp(self):
        text = (ROOT / "docs/sidecar-format.md").read_text()
        # test_sidecar_docs holds this example to what the program writes.
        self.sidecar = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])

    def test_they_are_schemas(self):
        for name in ("sidecar.json", "output.json"):
            validator = schemas.validator(name)
            validator.check_schema(validator.schema)

    def test_example(self):
        self.assertIsNone(schemas.problem("sidecar.json", self.sidecar))
        self.assertIn("new_field", schemas.problem("sidecar.json", {**self.sidecar, "new_field": 1}))

    def test_each_object_is_closed_and_whole(self):
        count, valid = 0, schemas.validator("sidecar.json").is_valid
        for path, found in objects(self.sidecar):
            more = copy.deepcopy(self.sidecar)
            at(more, path)["new_field"] = 1
            self.assertFalse(valid(more), path)
            for key in found:
                less = copy.deepcopy(self.sidecar)
                del at(less, path)[key]
                self.assertFalse(valid(less), (path, key))
                count += 1
        self.assertGreater(count, 80)

    def test_output(self):
        error = {"code": "port_busy", "message": "m", "hint": "h", "exit": 4}
        good = [{"version": "0.1.0"}, {"error": error}, {"help": "text"}, {"ports": []},
                {"verified": False, "part": None, "error": error},
                {"chip": self.sidecar["chip"], "security": self.sidecar["security"],
                 "connection": self.sidecar["connection"]}]
        valid = schemas.validator("output.json").is_valid
        for value in good:
            self.assertIsNone(schemas.problem("output.json", value))
            for path, _ in objects(value):
                more = copy.deepcopy(value)
                at(more, path)["new_field"] = 1
                self.assertFalse(valid(more), path)
        self.assertIsNotNone(schemas.problem("output.json", {}))

    def test_each_object_of_the_output_is_closed(self):
        schema = json.loads((ROOT / "docs/schema/output.json").read_text())
        for path, found in objects(schema):
            if found.get("type") == "object" or "allOf" in found:
                self.assertTrue(found.get("additionalProperties") is False or
                                found.get("unevaluatedProperties") is False, path)


if __name__ == "__main__":
    unittest.main()
