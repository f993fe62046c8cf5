"""One file a sensor: what its products' names, numbers and masks mean. Each holds one PRODUCT."""
