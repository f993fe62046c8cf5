"""The least that each job must be given."""

from __future__ import annotations

PAIR = {"fine": {"scenes": [{"path": "f.tif"}]}, "coarse": {"scenes": [{"path": "c.tif"}]}}


LEAST = {
    "classify": {"optical": {"scenes": [{"path": "a.tif"}]}, "model": "m", "written": {"class_map": "c.tif"}},
    "calibrate": {
        "model": "m",
        "data": [{"series": {"scenes": [{"path": "a.tif"}]}, "labels": {"path": "l.gpkg", "class_field": "f"}}],
        "calibrated": "c",
    },
    "align_series": {
        "training": {"scenes": [{"path": "a.tif"}]},
        "prediction": {"scenes": [{"path": "b.tif"}]},
        "training_output": "o.tif",
        "table": "t.csv",
    },
    "fuse_starfm": {**PAIR, "output": "o.tif"},
    "crop_gain": {
        "early": {"scenes": [{"path": "a.tif"}]},
        "predictions": [{"source": {"path": "p.tif"}}],
        "labels": {"path": "l.gpkg"},
        **{f"report_{kind}": f"r.{kind}" for kind in ("html", "json", "csv")},
    },
    "fuse_tsstfn": {**PAIR, "model": "m", "output": "o.tif"},
    "train_tsstfn": {**PAIR, "model": "m"},
    "evaluate_fusion": {
        **{name: {"path": f"{name}.tif"} for name in ("fused", "truth", "coarse")},
        "fine": [{"path": "fine.tif"}],
        **{f"report_{kind}": f"r.{kind}" for kind in ("html", "json", "csv")},
    },
    "sample_design": {"class_map": "m.tif", "sample": "s.gpkg"},
    "area_estimate": {
        "sample": {"path": "s.gpkg"},
        **{f"report_{kind}": f"r.{kind}" for kind in ("html", "json", "csv")},
    },
    "parcel_summary": {"maps": {"class_map": "m.tif"}, "parcels": {"path": "p.gpkg"}, "summary": "s.gpkg"},
    "check_declarations": {
        "maps": {"class_map": "m.tif"},
        "parcels": {"path": "p.gpkg", "declared_field": "crop"},
        "checked": "c.gpkg",
    },
    "review_list": {"maps": {"class_map": "m.tif"}, "parcels": {"path": "p.gpkg"}, "review": "r.gpkg"},
    "apply_review": {"class_map": "m.tif", "review": "r.gpkg", "corrected": "c.tif", "labels": "l.gpkg"},
    "clean_map": {"maps": {"class_map": "m.tif"}, "cleaned": "c.tif"},
    "compare_maps": {
        "maps": [{"path": "a.tif"}, {"path": "b.tif"}],
        **{f"report_{kind}": f"r.{kind}" for kind in ("html", "json", "csv")},
    },
    "map_change": {"before": {"path": "a.tif"}, "after": {"path": "b.tif"}, "change": "c.tif"},
    "search_scenes": {
        "api": "https://stac.example/v1",
        "collections": ["c"],
        "extent": {"xmin": 3, "ymin": 50, "xmax": 4, "ymax": 51, "crs": "EPSG:4326"},
        "first": "2023-04-01",
        "last": "2023-09-30",
        "table": "t.csv",
    },
    "build_series": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "index": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "phenology": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "fill_gaps": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "cloud_masks": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "clouds.tif"},
    "composite": {"series": {"scenes": [{"path": "a.tif"}]}, "folder": "d"},
    "diagnose": {
        "reference": {"path": "x"},
        **dict.fromkeys(("class_map", "folder", "agreement", "report_html", "report_json", "report_csv"), "x"),
    },
    "pretrain_cropsts": {"series": [{"scenes": [{"path": "a.tif"}]}], "folder": "d"},
    "probe": {
        "encoder": "e",
        "data": {"series": {"scenes": [{"path": "a.tif"}]}, "labels": {"path": "l"}},
        "report_json": "r.json",
    },
    "describe_series": {"optical": {"scenes": [{"path": "a.tif"}]}, "report_json": "d.json"},
    "simulate_season": {"folder": "d"},
    "train": {
        "data": [{"series": {"scenes": [{"path": "a.tif"}]}, "labels": {"path": "l", "class_field": "f"}}],
        "model": "m",
        "model_inputs": {"windows": [[1, 9]]},
    },
}
