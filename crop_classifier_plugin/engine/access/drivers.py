"""Formats that are opened, by GDAL's names. Each keeps all it says in its own files; others are not even loaded.

Left out are formats that fetch from the network (WMS, WFS, STACTA ...), start programs (GPSBabel), or are led by their
text to any file of the computer (OGR's VRT, GTI, GML's schemas, ERS, PCIDSK's channels).
"""

from __future__ import annotations

RASTERS = (
    "GTiff", "COG", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "JP2Grok", "HFA", "ENVI", "EHdr", "AAIGrid", "SAGA",
    "netCDF", "HDF5", "HDF5Image", "HDF4", "HDF4Image", "Zarr", "GPKG", "PNG", "JPEG",
)  # fmt: skip
VIRTUAL = "VRT"  # only after access/virtual.py has read what it refers to
REMOTE_RASTERS = ("GTiff", "COG", "JP2OpenJPEG", "PNG", "JPEG", "Zarr")  # of an address: not those that refer elsewhere
VECTORS = (
    "GPKG", "ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "FlatGeobuf", "KML", "LIBKML", "GPX", "CSV", "SQLite",
    "OpenFileGDB", "MapInfo File", "Parquet", "Arrow",
)  # fmt: skip
VECTORS_IN_WORDS = "GeoPackage, Shapefile, GeoJSON, FlatGeobuf, GeoParquet, KML, GPX, File Geodatabase or MapInfo"
RASTERS_IN_WORDS = "GeoTIFF, JPEG 2000, VRT, ERDAS Imagine, ENVI, netCDF, HDF or Zarr"
_OWN = ("MEM", "Memory")  # what the engine makes in memory

_ALL = (
    "AAIGrid ACE2 ADBC ADRG AIG AIVector AVCBin AVCE00 AirSAR AmigoCloud ARG Arrow AVIF BAG BASISU BIGGIF BLX BMP BSB "
    "BT BYN CAD CALS CEOS COASP COG COSAR CPG CSV CSW CTG CTable2 Carto Cloudant CouchDB DAAS DB2ODBC DDS DERIVED DGN "
    "DGNv8 DIMAP DIPEx DODS DOQ1 DOQ2 DTED DWG DXF ECRGTOC ECW EDIGEO EEDA EEDAI EHdr EIR ELAS ENVI EPSILON ERS ESAT "
    "ESRIC ESRIJSON EXR Elasticsearch FAST FIT FITS FlatGeobuf FileGDB GDALG GFF GIF GMLAS GML GMLJP2 GNMDatabase "
    "GNMFile GPKG GPSBabel GPX GRASS GRASSASCIIGrid GRIB GS7BG GSAG GSBG GSC GTFS GTI GTX GTiff GXF GenBin GeoJSON "
    "GeoJSONSeq GeoRSS GeoRaster HANA HDF4 HDF4Image HDF5 HDF5Image HEIF HF2 HFA HTTP IDB ILWIS INGR INTERLIS IRIS "
    "ISCE ISG ISIS2 ISIS3 Idrisi JAXAPALSAR JDEM JML JP2ECW JP2Grok JP2KAK JP2Lura JP2MrSID JP2OpenJPEG "
    "JPEG JPEG2000 JPEGXL JPEGLS JPIPKAK JSONFG KEA KML KMLSUPEROVERLAY KRO KTX2 L1B LAN LCP LIBERTIFF LIBKML LOSLAS "
    "LVBAG Leveller MAP MBTiles MEM MFF MFF2 MG4Lidar MRF MSGN MSSQLSpatial MVT MapML Memory MiraMonVector MongoDBv3 "
    "MrSID MySQL NAS NDF NGSGEOID NGW NITF NOAA_B NSIDCbin NTv1 NTv2 NWT_GRC NWT_GRD OAPIF OCI ODBC ODS OGCAPI OGDI "
    "OGR_DODS OGR_GMT OGR_PDS OGR_VRT OSM OZI OpenFileGDB PAux PCIDSK PCRaster PDF PDS PDS4 PGDUMP PGEO PLMOSAIC "
    "PLSCENES PMTiles PNG PNM PRF Parquet PostGISRaster PostgreSQL R RCM RDA RIK RMF ROI_PAC RPFTOC RRASTER RS2 RST "
    "Rasterlite S100 S102 S104 S111 S57 SAFE SAGA SAR_CEOS SDE SDTS SEGUKOOA SEGY SENTINEL2 SGI SIGDEM SNAP_TIFF "
    "SNODAS SOSI SQLite SRP SRTMHGT STACIT STACTA SXF Selafin SVG TGA TIGER TIL TileDB TSX Terragen TopoJSON USGSDEM "
    "VDV VFK VICAR VRT WAsP WCS WEBP WFS WFS3 WMS WMTS Walk XLS XLSX XODR XPM XYZ ZMap Zarr netCDF"
)
_TWO_WORDS = ("ESRI Shapefile", "MapInfo File", "UK .NTF", "Interlis 1", "Interlis 2", "Geoconcept", "MS Access")
SKIPPED = tuple(
    sorted({*_ALL.split(), *_TWO_WORDS} - {*RASTERS, VIRTUAL, *VECTORS, *_OWN})
)  # known to some GDAL (3.6 to 3.12), and not loaded


def skipped() -> str:
    """For GDAL_SKIP and OGR_SKIP."""
    return ",".join(SKIPPED)
