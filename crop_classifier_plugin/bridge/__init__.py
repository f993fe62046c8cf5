"""Between QGIS and the engine: translation only, no arithmetic, no widgets."""
