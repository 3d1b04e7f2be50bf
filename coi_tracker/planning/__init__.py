"""Pure rules about days and doses: regimen days and amounts."""
