"""docs/schema/ against what espbackup prints and writes."""
import functools
import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/schema"


@functools.cache
def validator(name, part=None):
    """Of a file, or of one of its $defs. The files refer to each other by their names."""
    import jsonschema  # takes a while, and most cases need none
    import referencing

    files = {path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
    registry = referencing.Registry().with_resources(
        (key, referencing.Resource.from_contents(schema)) for key, schema in files.items())
    schema = files[name] if part is None else {"$ref": f"{name}{part}"}
    return jsonschema.Draft202012Validator(schema, registry=registry)


def nearest(schema, value):
    """Of the alternatives of a schema the one that has most of the keys."""
    def likeness(ref):
        properties = schema["$defs"][ref.rpartition("/")[2]]["properties"]
        return len(value.keys() & properties.keys()) - len(value.keys() - properties.keys())
    return max((choice["$ref"] for choice in schema["anyOf"]), key=likeness)


def problem(name, value):
    """What is wrong with a value by docs/schema/NAME, in a line; None: nothing is."""
    import jsonschema

    whole = validator(name)
    if whole.is_valid(value):
        return None
    part = nearest(whole.schema, value) if "anyOf" in whole.schema else None
    error = jsonschema.exceptions.best_match(validator(name, part).iter_errors(value))
    return f"docs/schema/{name}{part or ''}: {error.json_path}: {error.message[:600]}"
