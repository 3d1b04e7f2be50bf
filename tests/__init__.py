"""The tests. This file keeps `tests` a package, so that `import web` never finds `tests/web`."""
