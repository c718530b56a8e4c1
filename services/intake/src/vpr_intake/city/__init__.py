"""A city as a folder of files: categories, questions, priorities, districts, screening rules. See README.md."""

from vpr_intake.city.districts import District, Districts
from vpr_intake.city.files import CityError
from vpr_intake.city.loading import City, load_city, shipped

__all__ = ["City", "CityError", "District", "Districts", "load_city", "shipped"]
